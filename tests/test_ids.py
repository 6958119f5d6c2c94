"""What an id looks like: the same in a path, a list, the rules of a campaign, a void, a receipt and on the command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.api.dependencies import field_id, path_id, query_ids
from feed.campaigns.entries.voids import NewVoids, void_problems
from feed.errors import Invalid, NotFound
from feed.ids import MAX_ID, parse_id
from feed.sms.model import read_reference

# The last three are digits to `str.isdecimal`; the zero was an id where rules name a picture or a post.
NO_IDS = (
    "",
    "0",
    "00",
    "01",
    "0012",
    "-1",
    "+1",
    "1.0",
    " 1",
    "1_0",
    "x",
    str(MAX_ID + 1),
    "1" * 20,
    "1" * 5000,
    "٣",
    "１",
    "१",
)


@given(st.integers(1, MAX_ID))
def test_an_id_is_read_as_it_is_written(number: int) -> None:
    assert parse_id(str(number)) == number


@pytest.mark.parametrize("text", NO_IDS)
def test_what_no_row_can_have_is_an_id_nowhere(text: str) -> None:
    assert parse_id(text) is None
    with pytest.raises(NotFound):
        path_id(text, NotFound)
    with pytest.raises(Invalid):
        field_id(text, "post_id")
    # A list may have blanks around its commas.
    assert query_ids(f"{text}x,7", "ids", most=2) == [7]
    assert query_ids(f"{text},7", "ids", most=2) == ([1, 7] if text == " 1" else [7])
    voids = NewVoids(kinds=["like"], user_ids=[text], reason_code="bought")
    assert "user_ids[0]" in [problem.field for problem in void_problems(voids)]
    assert read_reference(text) is None
