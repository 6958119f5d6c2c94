"""The erasure of a person whom reviewers dealt with, by every tool that they have: none of their records keeps a word or name."""

from pathlib import Path
from typing import Any

import httpx
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
from tests.support.reporting import appeal, cases_of, hide, judge

SUB, PHONE = "openid-moderated-91", "+8613912345678"
NAMES = ("欧阳绯霓", "司空碧落", "端木扶疏")
BIO = "绯霓的简介昙华林"
WORDS = (
    "栀子蝉鸣第一稿",
    "木樨蓊郁的评论",
    "蓊郁评论的第二稿",
    "桫椤申诉的话",
    "审读改过的稿子蒹葭",
    "菡萏被压下的稿子",
    "杜若被整体下架的稿子",
)


async def test_no_record_of_moderation_keeps_a_word_or_name_of_an_erased_person(
    client: httpx.AsyncClient,
    join: Join,
    app_state: AppState,
    keys: Keys,
    settings: Settings,
    redis: Redis,
    tmp_path: Path,
) -> None:
    pool = app_state.pool
    person = Person(client, issue_token(keys.token_key, sub=SUB, name=NAMES[0], phone=PHONE))
    reader, first, second = join("读者甲"), join("审", roles=("reviewer",)), join("复", roles=("reviewer",))
    admin = join("主管", roles=("admin",))

    async def done(who: Person, method: str, path: str, body: Any = None) -> Any:
        answer = await who(method, path, body)
        assert answer.status_code < 300, (path, answer.text)
        return answer.json() if answer.content else None

    me = (await done(person, "GET", "/me"))["id"]
    for body in ({"name": NAMES[1]}, {"bio": BIO}, {"name": NAMES[2]}):
        await done(person, "PATCH", "/me", body)
    for kind in ("name", "bio"):
        for case in await cases_of(first, kind):
            await judge(first, case, "reject", reason_code="impersonation" if kind == "name" else "spam")
    theirs = await done(reader, "POST", "/posts", {"text": "别人的动态"})
    post, held, taken = [
        await done(person, "POST", "/posts", {"text": text}) for text in (WORDS[0], WORDS[5], WORDS[6])
    ]
    comment = await done(person, "POST", f"/posts/{theirs['id']}/comments", {"text": WORDS[1]})
    await done(person, "PATCH", f"/comments/{comment['id']}", {"text": WORDS[2]})
    for kind, id_ in (("post", post["id"]), ("comment", comment["id"]), ("user", me)):
        await done(reader, "POST", "/reports", {"target": {"kind": kind, "id": id_}, "reason_code": "spam"})
    for case in await cases_of(first, "post"):
        if case["subject"]["id"] == held["id"]:
            await done(first, "POST", f"/moderation/cases/{case['id']}/revision", {"text": WORDS[4]})
    await hide(first, "post", post["id"])
    await done(
        first, "POST", "/moderation/takedowns", {"target": {"kind": "post", "id": taken["id"]}, "reason_code": "spam"}
    )
    for kind, id_ in (("post", post["id"]), ("post", taken["id"])):
        assert (await appeal(person, kind, id_, WORDS[3])).status_code == 201
    await done(first, "PUT", f"/moderation/users/{me}/sanction", {"kind": "ban", "reason_code": "spam"})
    assert (await appeal(person, "user", me, WORDS[3])).status_code == 201
    for q in (NAMES[2], PHONE, NAMES[1]):
        await done(admin, "GET", f"/moderation/users?q={q.replace('+', '%2B')}")
    await done(first, "POST", "/moderation/takedowns", {"target": {"kind": "user", "id": me}, "reason_code": "spam"})
    await done(person, "POST", "/me/export")
    await Town(pool).follow()
    assert await make_next_export(pool, keys)
    for case in await cases_of(second, "appeal"):
        await judge(second, case, "dismiss", reason_code="spam")
    for case in await cases_of(second, "report"):
        await judge(second, case, "dismiss")
    words = [*NAMES, BIO, SUB, PHONE.removeprefix("+86"), *WORDS]
    before = {word for _, word in planted.found_in(await planted.places(settings.database_url, redis, tmp_path), words)}
    # The name in between was replaced before a review; the number is stored encrypted only.
    assert set(words) - before == {NAMES[1], PHONE.removeprefix("+86")}

    assert outcome(await send(client, "erased", SUB)) == "applied"
    await erasing.erase_rest(pool, keys)
    assert planted.found_in(await planted.places(settings.database_url, redis, tmp_path), words) == []
