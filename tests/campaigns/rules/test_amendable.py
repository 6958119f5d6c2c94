"""Changes after the opening: each field of the rules, changed in each direction, against the table of docs/reference/law.md."""

import re
from pathlib import Path

import msgspec
import pytest

import feed
from feed.campaigns.model import Rules
from feed.campaigns.rules.amendable import AFTER_OPENING, find_unamendable
from tests.support.amendments import AT, CHOICES, DAY, RULES, get, leaves, moves, put

LAW = (Path(feed.__file__).parent.parent / "docs/reference/law.md").read_text("utf-8")
TABLE = dict(re.findall(r"^\| `([a-z_.\[\]]+)` \| (.+) \|$", LAW.partition("## After the opening")[2], re.MULTILINE))


# The changes that each word of the table allows; `given`: a value where there was none, `gone`: the reverse.
ACCEPTS = {
    "fixed": set[str](),
    "more": {"up"},
    "fewer": {"down"},
    "later": {"up", "given"},
    "longer": {"up"},
    "appended": {"appended"},
    "wider": {"up", "wider", "gone"},
}
# Fields that may be empty; `value_cny` may not in a published campaign.
OPTIONAL = {
    path
    for path in leaves(Rules)
    if path not in CHOICES and path.split(".")[-1] in ("notes", "cover_media_id", "announcement_post_id", "settle_at",
        "shortlist_size", "claim_ends_at", "beacon", "quorum", "licence", "licence_text", "claims_kept_days", "claims_kept_at_most_days", "place", "image_media_id", "terms", "valid_until", "places")
}  # fmt: skip
CASES = [
    *((path, name, RULES, put(RULES, path, value)) for path in leaves(Rules) for name, value in moves(path, get(RULES, path))),
    *((path, "gone", RULES, put(RULES, path, None)) for path in sorted(OPTIONAL)),
    *((path, "given", put(RULES, path, None), RULES) for path in sorted(OPTIONAL)),
]  # fmt: skip


def test_the_table_names_every_field_of_the_rules() -> None:
    assert set(TABLE) == set(leaves(Rules))
    assert set(AFTER_OPENING) == set(Rules.__struct_fields__)


def test_every_field_is_changed() -> None:
    assert {path for path, *_ in CASES} == set(leaves(Rules))
    for name in Rules.__struct_fields__:
        assert getattr(RULES, name) not in (None, ()), name


@pytest.mark.parametrize(("path", "move", "old", "new"), CASES, ids=[f"{path} {move}" for path, move, *_ in CASES])
def test_a_change_after_the_opening_is_accepted_as_the_table_says(path: str, move: str, old: Rules, new: Rules) -> None:
    word = TABLE[path]
    accepted = word == "free" or (word == move if word.startswith("to ") else move in ACCEPTS[word])
    raised = [error.field for error in find_unamendable(old, new)]
    assert raised == ([] if accepted else [re.split(r"[.\[]", path)[0]])


def test_only_the_unamendable_fields_of_a_change_are_named() -> None:
    new = msgspec.structs.replace(RULES, winner_count=9, title="读书季", ends_at=AT + 30 * DAY, reserve_count=1)
    assert [error.field for error in find_unamendable(RULES, new)] == ["ends_at", "reserve_count"]
