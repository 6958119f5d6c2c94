"""Posts and comments under the machine check: what is blocked and held, what its author and its reviewer see, what others do."""

from typing import Any

import pytest

from feed.api.state import AppState
from feed.screening.forms import form_of
from feed.screening.screener import compiled
from feed.screening.word_list import Word
from tests.support.api import Join, Person

BLOCKED, HELD, FINE = "聚众賭*博", "来一局博彩", "今天天气真好"


@pytest.fixture
def words(app_state: AppState) -> None:
    given = [("赌博", "block", "illegal"), ("博彩", "review", "fraud")]
    app_state.screener.replace(
        compiled([Word(term, form_of(term), level, label) for term, level, label in given], 7)  # type: ignore[arg-type]
    )


@pytest.fixture
def author(join: Join) -> Person:
    return join("小明")


@pytest.fixture
def other(join: Join) -> Person:
    return join("路人")


@pytest.fixture
def reviewer(join: Join) -> Person:
    return join("审核", roles=("reviewer",))


async def post(author: Person, text: str) -> dict[str, Any]:
    answer = await author("POST", "/posts", {"text": text})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def comment(author: Person, post_id: str, text: str) -> dict[str, Any]:
    answer = await author("POST", f"/posts/{post_id}/comments", {"text": text})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def machine_of(reviewer: Person, item_id: str, state: str) -> dict[str, Any]:
    cases = (await reviewer("GET", f"/moderation/cases?state={state}&limit=50")).json()["items"]
    found: dict[str, Any] = next(case["machine"] for case in cases if case["subject"]["id"] == item_id)
    return found


@pytest.mark.parametrize(("text", "state"), [(BLOCKED, "rejected"), (HELD, "pending"), (FINE, "published")])
@pytest.mark.usefixtures("words")
async def test_a_post_is_stored_whatever_the_check_says_and_shown_only_if_it_passes(
    author: Person, other: Person, text: str, state: str
) -> None:
    made = await post(author, text)
    # Its author always finds the own text again, as it was written.
    own = (await author("GET", f"/posts/{made['id']}")).json()
    assert (own["state"], own["text"]) == (state, text)
    shown = state == "published"
    assert (await other("GET", f"/posts/{made['id']}")).status_code == (200 if shown else 404)
    latest = (await other("GET", "/feeds/latest")).json()["items"]
    assert [item["id"] for item in latest] == ([made["id"]] if shown else [])


@pytest.mark.usefixtures("words")
async def test_a_comment_that_does_not_pass_is_neither_listed_nor_counted(author: Person, other: Person) -> None:
    post_id = (await post(author, FINE))["id"]
    for text in (BLOCKED, HELD, FINE):
        await comment(author, post_id, text)
    listed = (await other("GET", f"/posts/{post_id}/comments")).json()["items"]
    assert [item["text"] for item in listed] == [FINE]
    assert (await other("GET", f"/posts/{post_id}")).json()["comment_count"] == 1


@pytest.mark.usefixtures("words")
async def test_the_reviewer_sees_the_matched_word_and_its_place_and_the_version_of_the_list(
    author: Person, reviewer: Person
) -> None:
    post_id = (await post(author, HELD))["id"]
    machine = await machine_of(reviewer, post_id, "open")
    (label,) = machine["labels"]
    assert (machine["verdict"], machine["list_version"], label["term"]) == ("review", 7, "博彩")
    assert HELD[label["start"] : label["start"] + label["length"]] == "博彩"
    blocked = (await post(author, BLOCKED))["id"]
    machine = await machine_of(reviewer, blocked, "closed")
    (label,) = machine["labels"]
    assert (machine["verdict"], label["term"], label["label"]) == ("block", "赌博", "illegal")
    assert BLOCKED[label["start"] : label["start"] + label["length"]] == "賭*博"


@pytest.mark.usefixtures("words")
async def test_an_edit_that_is_blocked_leaves_the_approved_text_in_place(author: Person, other: Person) -> None:
    post_id = (await post(author, FINE))["id"]
    await author("PATCH", f"/posts/{post_id}", {"text": BLOCKED})
    assert (await other("GET", f"/posts/{post_id}")).json()["text"] == FINE
    await author("PATCH", f"/posts/{post_id}", {"text": HELD})
    assert (await other("GET", f"/posts/{post_id}")).json()["text"] == FINE


@pytest.mark.usefixtures("words")
async def test_a_held_post_is_public_once_a_reviewer_has_approved_it(
    author: Person, other: Person, reviewer: Person
) -> None:
    post_id = (await post(author, HELD))["id"]
    cases = (await reviewer("GET", "/moderation/cases")).json()["items"]
    case = next(case for case in cases if case["subject"]["id"] == post_id)
    body = {"verdict": "approve", "version": case["version"]}
    assert (await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", body)).status_code == 200
    assert (await other("GET", f"/posts/{post_id}")).json()["text"] == HELD
