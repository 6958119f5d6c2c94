"""What an erasure ends, and what outlives it: the phone may sign up anew, a ban stays, an open case keeps what it needs."""

import httpx
import pytest

from feed.accounts import store as accounts
from feed.api.state import AppState
from feed.auth.tokens import issue_token
from feed.erasure.jobs import erase_next, remove_next_person
from feed.keys.store import Keys
from feed.postgres import Pool
from tests.support import erasing, make, writing
from tests.support.api import Join, Person
from tests.support.app_events import outcome, send

PHONE = "+8613900001111"


async def erase(client: httpx.AsyncClient, app_state: AppState, sub: str) -> None:
    assert outcome(await send(client, "erased", sub)) == "applied"
    await erasing.erase_rest(app_state.pool, app_state.keys)
    # As if the erasure were a minute ago: tokens name whole seconds.
    await app_state.pool.execute("UPDATE erased_subjects SET erased_at = erased_at - interval '1 minute'")


def again(client: httpx.AsyncClient, keys: Keys, phone: str | None = PHONE) -> Person:
    """The subject with a token of a later sign-in."""
    return Person(client, issue_token(keys.token_key, sub="test:小明", name="小明又来", phone=phone))


@pytest.mark.parametrize("phone", [PHONE, None])
async def test_a_ban_survives_the_erasure_of_the_account(
    client: httpx.AsyncClient, join: Join, app_state: AppState, phone: str | None
) -> None:
    person = join("小明", phone=phone)
    former = (await person("GET", "/me")).json()["id"]
    await make.ban(app_state.pool, int(former))
    await erase(client, app_state, "test:小明")
    person = again(client, app_state.keys, phone)
    me = (await person("GET", "/me")).json()
    assert (me["id"] != former, me["post_count"]) == (True, 0)
    post = await make.post(app_state.pool)
    assert (await person("PUT", f"/posts/{post}/like")).json()["code"] == "banned"
    assert await app_state.pool.fetchval("SELECT count(*) FROM sanctions") == (1 if phone else 2)


async def test_another_subject_of_the_same_phone_is_still_banned(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    await make.ban(app_state.pool, int((await join("小明", phone=PHONE)("GET", "/me")).json()["id"]))
    await erase(client, app_state, "test:小明")
    assert not await remove_next_person(app_state.pool)
    assert (await join("换号", phone=PHONE)("POST", "/posts", {"text": "你好"})).json()["code"] == "banned"


async def test_the_phone_of_an_erased_account_signs_up_as_another_account(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    person = join("小明", phone=PHONE)
    former = (await person("GET", "/me")).json()["id"]
    await erase(client, app_state, "test:小明")
    me = (await again(client, app_state.keys)("GET", "/me")).json()
    assert (me["id"] != former, me["name"]) == (True, "小明又来")
    # Nothing depends on the keyed hash of the former account's phone.
    assert await remove_next_person(app_state.pool)
    assert not await remove_next_person(app_state.pool)
    row = await app_state.pool.fetchrow("SELECT person, phone_verified_at FROM accounts WHERE id = $1", int(former))
    assert tuple(row or ()) == (None, None)


async def test_a_token_from_before_the_erasure_creates_no_account(
    client: httpx.AsyncClient, join: Join, app_state: AppState, keys: Keys
) -> None:
    for known in (True, False):
        sub = f"test:{known}"
        token = Person(client, issue_token(keys.token_key, sub=sub, name="小明"))
        other = Person(client, issue_token(keys.token_key, sub=sub, name="又来"))
        if known:
            assert (await token("GET", "/me")).status_code == 200
        assert outcome(await send(client, "erased", sub)) == "applied"
        assert outcome(await send(client, "erased", sub)) == "repeated"
        assert (await other("GET", "/feeds/latest")).json()["code"] == "token_invalid"
    assert await app_state.pool.fetchval("SELECT count(*) FROM accounts") == 1


async def test_a_late_repetition_of_an_erasure_does_not_erase_the_next_account(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    await join("小明")("GET", "/me")
    happened = make.now() - make.HOUR
    await erase(client, app_state, "test:小明")
    person = again(client, app_state.keys)
    assert (await person("GET", "/me")).status_code == 200
    assert outcome(await send(client, "erased", "test:小明", at=happened)) == "outdated"
    assert (await person("GET", "/me")).status_code == 200
    assert outcome(await send(client, "erased", "test:小明")) == "applied"


async def test_the_keyed_hash_stays_while_a_campaign_counts_the_person_once(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    await join("小明", phone=PHONE)("GET", "/me")
    campaign = await make.campaign(app_state.pool)
    await erase(client, app_state, "test:小明")
    assert not await remove_next_person(app_state.pool)
    await app_state.pool.execute("UPDATE campaigns SET cancelled_at = now() WHERE id = $1", campaign)
    assert await remove_next_person(app_state.pool)


@pytest.mark.parametrize("subject", ["post", "comment"])
async def test_an_open_case_keeps_the_text_of_its_own_subject_only_and_until_it_is_decided(
    pool: Pool, keys: Keys, subject: str
) -> None:
    author = await make.account(pool)
    held, other, theirs = [
        await writing.publish(pool, who, "一句话") for who in (author, author, await make.account(pool))
    ]
    comments = [await writing.comment(pool, author, theirs, "评论") for _ in range(2)]
    await erasing.erase_row(pool, keys, author)
    # Until posts and comments are deleted, which closes the cases of their publication.
    while await pool.fetchval(
        "SELECT (SELECT count(*) FROM posts WHERE author_id = $1 AND state <> 'deleted') + "
        "(SELECT count(*) FROM comments WHERE author_id = $1 AND state <> 'deleted')",
        author,
    ):
        assert await erase_next(pool, keys)
    case = await pool.fetchval(
        "INSERT INTO cases (kind, author_id, post_id, comment_id, due_at, machine) "
        "VALUES ('report', $1, $2, $3, now(), '{\"labels\": []}') RETURNING id",
        author,
        held if subject == "post" else theirs,
        None if subject == "post" else comments[0],
    )
    await erasing.erase_rest(pool, keys)
    texts = (
        "SELECT (SELECT text <> '' FROM post_revisions WHERE post_id = $1), "
        "(SELECT text <> '' FROM post_revisions WHERE post_id = $2), "
        "(SELECT text <> '' FROM comments WHERE id = $3), (SELECT text <> '' FROM comments WHERE id = $4)"
    )
    expected = (subject == "post", False, subject == "comment", False)
    assert tuple(await pool.fetchrow(texts, held, other, *comments) or ()) == expected
    assert await pool.fetchval("SELECT content_erased_at FROM accounts WHERE id = $1", author) is None
    await pool.execute("UPDATE cases SET state = 'closed', closed_at = now() WHERE id = $1", case)
    await pool.execute("UPDATE erasures SET next_at = now()")
    await erasing.erase_rest(pool, keys)
    assert tuple(await pool.fetchrow(texts, held, other, *comments) or ()) == (False, False, False, False)
    assert await pool.fetchval("SELECT content_erased_at IS NOT NULL FROM accounts WHERE id = $1", author)
    assert await pool.fetchval("SELECT count(*) FROM erasures") == 0


async def test_what_an_earlier_version_has_left_of_an_erased_account_is_erased(pool: Pool, keys: Keys) -> None:
    author = await make.account(pool)
    post = await make.post(pool)
    comment = await make.comment(pool, post, author)
    sub = await pool.fetchval("SELECT sub FROM accounts WHERE id = $1", author)
    # As migration 0101 finds and leaves it.
    await pool.execute("UPDATE accounts SET erased_at = now() - interval '1 year' WHERE id = $1", author)
    await pool.execute("INSERT INTO erasures (account_id) VALUES ($1)", author)
    while await erase_next(pool, keys):
        pass
    assert await pool.fetchval("SELECT text FROM comments WHERE id = $1", comment) == ""
    assert await pool.fetchval("SELECT sub FROM accounts WHERE id = $1", author) == str(author) != sub
    assert await pool.fetchval("SELECT count(*) FROM erased_subjects") == 1
    async with pool.acquire() as conn:
        assert await accounts.find_account(conn, author) is None


async def test_who_erases_the_account_after_a_report_can_still_be_judged_and_banned(
    client: httpx.AsyncClient, join: Join, app_state: AppState
) -> None:
    spammer, reader, reviewer = join("小明", phone=PHONE), join("读者"), join("审", roles=("reviewer",))
    former = (await spammer("GET", "/me")).json()["id"]
    post = (await spammer("POST", "/posts", {"text": "代写作业加我"})).json()["id"]
    report = {"target": {"kind": "post", "id": post}, "reason_code": "spam"}
    assert (await reader("POST", "/reports", report)).status_code == 201
    assert outcome(await send(client, "erased", "test:小明")) == "applied"
    await erasing.erase_rest(app_state.pool, app_state.keys)
    assert (await reader("GET", f"/posts/{post}")).status_code == 404

    leased = (await reviewer("POST", "/moderation/cases/lease", {"count": 10, "kind": "report"})).json()["items"]
    (case,) = [each for each in leased if "代写作业加我" in str(each)]
    verdict = {"verdict": "remove", "reason_code": "spam", "version": case["version"]}
    assert (await reviewer("POST", f"/moderation/cases/{case['id']}/verdict", verdict)).status_code in (200, 201)
    ban = await reviewer("PUT", f"/moderation/users/{former}/sanction", {"kind": "ban", "reason_code": "spam"})
    assert ban.status_code == 200, ban.text
    await app_state.pool.execute("UPDATE erased_subjects SET erased_at = erased_at - interval '1 minute'")
    back = again(client, app_state.keys)
    assert (await back("PUT", f"/posts/{await make.post(app_state.pool)}/like")).json()["code"] == "banned"
    # The case is decided, so the text goes.
    await app_state.pool.execute("UPDATE erasures SET next_at = now()")
    await erasing.erase_rest(app_state.pool, app_state.keys)
    assert await app_state.pool.fetchval("SELECT text FROM post_revisions WHERE post_id = $1", int(post)) == ""
    assert await app_state.pool.fetchval("SELECT count(*) FROM inbox WHERE account_id = $1", int(former)) == 0
    assert await app_state.pool.fetchval("SELECT count(*) FROM erasures") == 0


async def test_what_a_provider_quoted_goes_with_the_text(pool: Pool, keys: Keys) -> None:
    author = await make.account(pool)
    post = await writing.publish(pool, author, "一句话")
    case = await pool.fetchval("SELECT id FROM cases WHERE post_id = $1", post)
    await pool.execute(
        "INSERT INTO provider_checks (case_id, state, result, ended_at) VALUES ($1, 'answered', $2, now())",
        case,
        {"labels": [{"term": "一句"}]},
    )
    await pool.execute(
        "INSERT INTO text_fingerprints (case_id, account_id, exact, simhash, band_1, band_2, band_3, band_4) "
        "VALUES ($1, $2, 1, 2, 3, 4, 5, 6)",
        case,
        author,
    )
    await erasing.erase_row(pool, keys, author)
    await erasing.erase_rest(pool, keys)
    assert (
        await pool.fetchval("SELECT (SELECT count(*) FROM provider_checks) + (SELECT count(*) FROM text_fingerprints)")
        == 0
    )
