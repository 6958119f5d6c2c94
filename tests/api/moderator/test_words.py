"""The list of words: who changes it, what cannot be listed, and from when a change is in force."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from asyncpg import Record

from feed.api.state import AppState
from feed.screening.follower import WordFollower, build
from feed.screening.screener import Screener
from feed.screening.word_list import Word
from tests.support.api import Join, Person


def body(*terms: str, level: str = "block", **more: Any) -> dict[str, Any]:
    return {"words": [{"term": term, "level": level, "label": "illegal", **more} for term in terms]}


@pytest.fixture
def editor(join: Join) -> Person:
    return join("词库编辑", roles=("editor",))


async def test_a_word_is_listed_changed_and_taken_out_with_a_version_each(
    editor: Person, pool: "asyncpg.Pool[Record]"
) -> None:
    first = (await editor("PUT", "/moderation/words", body("赌博", "代开发票"))).json()
    assert (first["version"], first["added"], first["changed"], first["unchanged"]) == (1, 2, 0, 0)
    assert first["tried_on"] >= 300
    again = (await editor("PUT", "/moderation/words", body("赌博"))).json()
    assert (again["version"], again["unchanged"]) == (1, 1)
    changed = (await editor("PUT", "/moderation/words", body("賭 博", "枪支", level="review"))).json()
    assert (changed["version"], changed["added"], changed["changed"]) == (2, 1, 1)
    listed = (await editor("GET", "/moderation/words")).json()
    assert {(card["term"], card["level"], card["since"]) for card in listed["items"]} == {
        ("賭 博", "review", 2),
        ("枪支", "review", 2),
        ("代开发票", "block", 1),
    }
    removed = (await editor("DELETE", "/moderation/words?term=赌博")).json()
    assert (removed["version"], removed["removed"]) == (3, 1)
    assert (await editor("DELETE", "/moderation/words?term=赌博")).json()["code"] == "word_not_found"
    # The list of each version can be read again.
    rows = await pool.fetch("SELECT detail FROM audit WHERE action = 'words.change' ORDER BY id")
    assert [row["detail"] for row in rows] == [
        {"added": 2, "changed": 0, "removed": 0},
        {"added": 1, "changed": 1, "removed": 0},
        {"added": 0, "changed": 0, "removed": 1},
    ]
    assert await pool.fetchval("SELECT count(*) FROM screening_words WHERE form = '赌博'") == 2


async def test_words_are_read_in_pages_and_by_a_part(editor: Person) -> None:
    await editor("PUT", "/moderation/words", body("甲乙", "甲丙", "丁戊"))
    await editor("PUT", "/moderation/words", body("甲丁", level="allow"))
    first = (await editor("GET", "/moderation/words?limit=2")).json()
    rest = (await editor("GET", f"/moderation/words?limit=2&cursor={first['next_cursor']}")).json()
    assert (first["count"], rest["next_cursor"]) == (4, None)
    assert len({card["term"] for card in first["items"] + rest["items"]}) == 4
    found = (await editor("GET", "/moderation/words?q=甲&level=block")).json()
    assert {card["term"] for card in found["items"]} == {"甲乙", "甲丙"}


@pytest.mark.parametrize(
    ("term", "code"),
    [
        ("+1", "is_pattern"),
        ("(赌|博)+", "is_pattern"),
        (".*", "is_pattern"),
        ("。。", "not_searchable"),
        ("😀", "not_searchable"),
        ("的", "too_short"),
        ("a", "too_short"),
        ("公园", "too_common"),
        ("深 圳", "too_common"),
        ("a\u202eb", "forbidden_character"),
        ("", "required"),
    ],
)
async def test_a_broken_or_common_entry_is_refused_and_nothing_is_listed(editor: Person, term: str, code: str) -> None:
    answer = await editor("PUT", "/moderation/words", body("赌博", term))
    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("words[1].term", code)]
    assert (await editor("GET", "/moderation/words")).json()["count"] == 0


async def test_a_single_han_character_is_listed_if_it_is_meant_and_rare(editor: Person) -> None:
    assert (await editor("PUT", "/moderation/words", body("奸", single=True))).status_code == 200
    answer = await editor("PUT", "/moderation/words", body("的", single=True, level="review"))
    assert answer.json()["errors"][0]["code"] == "too_common"


async def test_the_same_word_twice_in_a_request_is_refused(editor: Person) -> None:
    answer = await editor("PUT", "/moderation/words", body("赌博", "賭*博".replace("*", "·")))
    assert [error["code"] for error in answer.json()["errors"]] == ["repeated"]


async def test_a_word_that_recent_posts_contain_needs_a_confirmation(editor: Person, join: Join) -> None:
    author = join("店主")
    for n in range(4):
        await author("POST", "/posts", {"text": f"量贩咸鱼今天开张{n}"})
    answer = await editor("PUT", "/moderation/words", body("量贩咸鱼"))
    (error,) = answer.json()["errors"]
    assert (error["code"], "量贩咸鱼今天开张" in error["message"]) == ("too_common", True)
    confirmed = await editor("PUT", "/moderation/words", body("量贩咸鱼") | {"even_if_common": True})
    assert confirmed.status_code == 200


async def test_reviewers_read_the_list_and_do_not_change_it(join: Join) -> None:
    reviewer = join("审核员", roles=("reviewer",))
    assert (await reviewer("GET", "/moderation/words")).status_code == 200
    assert (await reviewer("PUT", "/moderation/words", body("赌博"))).json()["code"] == "role_missing"
    assert (await reviewer("DELETE", "/moderation/words?term=赌博")).json()["code"] == "role_missing"


async def test_a_change_is_in_force_in_this_process_at_once_and_in_others_at_their_next_look(
    editor: Person, app_state: AppState, pool: "asyncpg.Pool[Record]"
) -> None:
    other = Screener()
    follower = WordFollower(pool, other)
    await editor("PUT", "/moderation/words", body("赌博"))
    assert (app_state.screener.check("赌博", "post").verdict, other.check("赌博", "post").verdict) == ("block", "pass")
    assert await follower.refresh() == 1
    result = other.check("赌博", "post")
    assert (result.verdict, result.list_version) == ("block", 1)
    await editor("DELETE", "/moderation/words?term=赌博")
    await follower.refresh()
    assert (other.check("赌博", "post").verdict, other.check("赌博", "post").list_version) == ("pass", 2)


async def test_two_changes_at_once_make_two_versions(join: Join, client: httpx.AsyncClient) -> None:
    editors = [join(f"编辑{n}", roles=("editor",)) for n in range(2)]
    answers = await asyncio.gather(
        *(each("PUT", "/moderation/words", body(term)) for each, term in zip(editors, ("赌博", "枪支"), strict=True))
    )
    assert sorted(answer.json()["version"] for answer in answers) == [1, 2]


def test_damaged_and_common_rows_are_skipped_and_reported() -> None:
    words = [
        Word(term, form, "block", "illegal")
        for term, form in (("赌博", "赌博"), ("?", ""), ("+1", "+1"), ("a", "a"), ("的", "的"))
    ]
    built = build(words, 7)
    assert sorted(built.skipped) == ["+1", "?", "a", "的"]
    assert [label.term for label in built.find("的确是赌博")] == ["赌博"]
