"""After an erasure, a search of everything that is stored finds nothing of the person: name, phone, subject, words."""

import itertools
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from feed.api.state import AppState
from feed.auth.tokens import issue_token
from feed.exports.jobs import make_next_export
from feed.keys.store import Keys
from feed.settings import Settings
from tests.support import erasing, planted
from tests.support.api import Join, Person
from tests.support.app_events import outcome, send
from tests.support.notifications import Town

NAME, BIO, SUB = "欧阳绯霓", "绯霓的简介昙华林", "openid-7c41b0d2"
PHONE = "+8613912345678"
WORDS = ("栀子蝉鸣第一稿", "栀子蝉鸣第二稿", "木樨蓊郁的评论", "蓊郁回复的评论", "蟾蜍涧口咖啡馆", "举报说明桫椤")


@pytest.fixture
async def person(keys: Keys, client: httpx.AsyncClient) -> Person:
    return Person(client, issue_token(keys.token_key, sub=SUB, name=NAME, phone=PHONE))


async def act(person: Person, reader: Person) -> dict[str, str]:
    """What a person leaves behind: a profile, a post with two revisions, comments, likes, keys; the reader answers."""
    keyed = ({"headers": {"idempotency-key": f"key-{n}"}} for n in itertools.count())

    async def done(who: Person, method: str, path: str, body: Any = None) -> Any:
        answer = await who(method, path, body, **(next(keyed) if method == "POST" else {}))
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    me = await done(person, "GET", "/me")
    await done(person, "PATCH", "/me", {"bio": BIO})
    await done(person, "PATCH", "/me/settings", {"notify": {"replies": False}})
    place = {"name": WORDS[4], "lat": 22.5, "lng": 114.1}
    post = await done(person, "POST", "/posts", {"text": f"{WORDS[0]} #栀子#", "location": place})
    await done(person, "PATCH", f"/posts/{post['id']}", {"text": f"{WORDS[1]} #栀子#"})
    theirs = await done(reader, "POST", "/posts", {"text": "别人的动态"})
    comment = await done(person, "POST", f"/posts/{theirs['id']}/comments", {"text": WORDS[2]})
    answer = await done(
        reader, "POST", f"/posts/{theirs['id']}/comments", {"text": "回你", "reply_to_id": comment["id"]}
    )
    await done(person, "POST", f"/posts/{theirs['id']}/comments", {"text": WORDS[3], "reply_to_id": answer["id"]})
    for liked in (f"/posts/{theirs['id']}/like", f"/comments/{answer['id']}/like"):
        await done(person, "PUT", liked)
    await done(reader, "PUT", f"/posts/{post['id']}/like")
    reader_id = (await done(reader, "GET", "/me"))["id"]
    await done(person, "PUT", f"/users/{reader_id}/mute")
    report = {"target": {"kind": "post", "id": theirs["id"]}, "reason_code": "spam", "note": WORDS[5]}
    await done(person, "POST", "/reports", report)
    await done(person, "POST", "/me/export")
    return {"me": me["id"], "post": post["id"], "theirs": theirs["id"], "comment": comment["id"], "reader": reader_id}


async def test_a_search_of_everything_stored_finds_nothing_of_an_erased_person(
    client: httpx.AsyncClient,
    join: Join,
    person: Person,
    app_state: AppState,
    settings: Settings,
    redis: Redis,
    tmp_path: Path,
) -> None:
    pool = app_state.pool
    reader = join("读者甲")
    ids = await act(person, reader)
    # The notices of likes and comments name the person.
    await Town(pool).follow()
    words = [NAME, BIO, SUB, PHONE, PHONE.removeprefix("+86"), *WORDS]
    before = {word for _, word in planted.found_in(await planted.places(settings.database_url, redis, tmp_path), words)}
    assert before >= {NAME, BIO, SUB, *WORDS}
    stats = "SELECT post_id, like_count, own_like_count FROM post_stats WHERE post_id = $1"
    liked = await pool.fetchrow(stats, int(ids["theirs"]))

    assert await make_next_export(pool, app_state.keys)
    # What is decided needs no text of the person any more.
    await pool.execute("UPDATE reports SET state = 'dismissed', decided_at = now(), verdict_id = 1")
    assert outcome(await send(client, "erased", SUB)) == "applied"
    await erasing.erase_rest(pool, app_state.keys)

    assert planted.found_in(await planted.places(settings.database_url, redis, tmp_path), words) == []
    row = await pool.fetchrow("SELECT name, content_erased_at IS NOT NULL FROM accounts WHERE id = $1", int(ids["me"]))
    assert tuple(row or ()) == ("已注销用户", True)
    # Likes stay, as those of a number without a name; the comment with a reply is a tombstone without a word.
    assert await pool.fetchrow(stats, int(ids["theirs"])) == liked
    (root,) = (await reader("GET", f"/posts/{ids['theirs']}/comments")).json()["items"]
    assert (root["id"], root["text"], [each["text"] for each in root["replies"]]) == (ids["comment"], "", ["回你"])
    assert (await reader("GET", f"/posts/{ids['post']}")).status_code == 404
    likers = (await reader("GET", f"/posts/{ids['theirs']}/likes")).json()["items"]
    assert [each["user"]["name"] for each in likers] == ["已注销用户"]
