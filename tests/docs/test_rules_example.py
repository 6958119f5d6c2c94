"""The printed rules of two campaigns are those that would be published today."""

from tests.support.rules_example import PATH, document


def test_the_example_of_the_rules_is_what_is_generated() -> None:
    assert PATH.read_text("utf-8") == document(), "write it again: python -m tests.support.rules_example"
