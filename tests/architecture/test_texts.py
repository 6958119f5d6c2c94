"""Every string of every body is a line, prose or opaque, with a bound that is checked before anything is done with it."""

import ast
from pathlib import Path

from msgspec import inspect

import feed
from tests.support.text_fields import body_types, string_fields

ROOT = Path(feed.__file__).parent
# Methods of `str` that read the interpreter's tables of characters, which are those of an old Unicode.
OLD_TABLES = {"isprintable", "isalpha", "isalnum", "isidentifier", "istitle"}
# A text that is not printable is looked at closely, and the others are ASCII or only logged.
KNOWN = {
    ("texts.py", "isprintable"),
    ("keys/vault.py", "isprintable"),
    # What is left out of the form of a listed word: a newer character is noise within it.
    ("screening/forms.py", "isalnum"),
    ("sms/provider_account.py", "isalnum"),
}


def test_every_string_of_every_body_has_a_kind_and_a_bound() -> None:
    found = [
        (f"{body.method} {body.path}: {field.path}", field)
        for body in body_types()
        for field in string_fields(inspect.type_info(body.kind))
    ]
    assert len(found) > 80
    assert [name for name, field in found if not field.is_bounded] == []
    assert len({name for name, field in found if field.rule is not None}) > 40


def test_no_module_asks_the_old_tables_what_a_character_is() -> None:
    asked = {
        (str(path.relative_to(ROOT)), node.func.attr)
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in OLD_TABLES
    }
    assert asked == KNOWN


def test_words_of_others_get_their_quotes_from_one_function() -> None:
    # Plain quotes around a value can be ended by it. The values of SMS templates are made quotable; the demo shows its own words.
    plain = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if path.relative_to(ROOT).parts[0] != "demo" and "“{" in path.read_text("utf-8")
    }
    assert plain == {"texts.py", "sms/templates.py"}
