"""Serialization failures and deadlocks: every kind of write is repeated a few times, acts once, and is 503 in the end."""

from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest

from feed.api.state import AppState
from feed.postgres import RETRYABLE, Pool, transaction, with_retries
from tests.support import make
from tests.support.api import Join

# Sequences are not rolled back, so the first writes to any table fail and later ones do not.
FAILING = """
CREATE SEQUENCE writes;
CREATE FUNCTION fail_first_writes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('writes') <= {times} THEN
        RAISE EXCEPTION 'conflict' USING ERRCODE = '{code}';
    END IF;
    RETURN NULL;
END
$$;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE 'CREATE TRIGGER failing BEFORE INSERT OR UPDATE OR DELETE ON ' || name
            || ' FOR EACH STATEMENT EXECUTE FUNCTION fail_first_writes()';
    END LOOP;
END
$$;
"""

LATER = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

WRITES = {
    "a like": ("PUT", "/posts/{post}/like", None),
    "a comment": ("POST", "/posts/{post}/comments", {"text": "好"}),
    "a post": ("POST", "/posts", {"text": "你好"}),
    "an edit": ("PATCH", "/posts/{own}", {"text": "改过"}),
    "a deletion": ("DELETE", "/posts/{own}", None),
    "a block": ("PUT", "/users/{other}/block", None),
    "a profile": ("PATCH", "/me", {"bio": "新的"}),
    "a reading mark": ("POST", "/me/inbox/read", {"until_id": "9"}),
    "a draft of a campaign": ("POST", "/admin/campaigns", {"title": "摄影赛"}),
    "a hot action": ("PUT", "/admin/hot/{post}", {"action": "pin", "reason": "好内容", "until": LATER}),
    "a role": ("PUT", "/admin/staff/{other}", {"roles": ["reviewer"]}),
}


async def ask(
    write: str, join: Join, app_state: AppState, *, times: int, code: str = "40001"
) -> tuple[httpx.Response, Pool]:
    pool = app_state.pool
    person = join("小明", roles=("editor", "admin"))
    own = (await person("POST", "/posts", {"text": "我的"})).json()["id"]
    async with pool.acquire() as conn:
        other = await make.account(conn)
        post = await make.post(conn, author_id=other)
        await conn.execute(FAILING.format(times=times, code=code))
    method, path, body = WRITES[write]
    known = {"post": post, "own": own, "other": other}
    filled = body and {name: value.format(**known) if isinstance(value, str) else value for name, value in body.items()}
    return await person(method, path.format(**known), filled), pool


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_every_kind_of_write_is_repeated(write: str, code: str, join: Join, app_state: AppState) -> None:
    response, pool = await ask(write, join, app_state, times=3, code=code)
    assert response.status_code < 300, response.text
    assert await pool.fetchval("SELECT last_value FROM writes") > 3


@pytest.mark.parametrize("write", WRITES)
async def test_a_conflict_that_stays_is_an_outage(write: str, join: Join, app_state: AppState) -> None:
    response, pool = await ask(write, join, app_state, times=1_000_000)
    assert (response.status_code, response.json()["code"]) == (503, "database_away")
    assert int(response.headers["retry-after"]) >= 1
    assert 2 <= await pool.fetchval("SELECT last_value FROM writes") <= 30


async def test_work_that_has_committed_is_not_repeated(pool: Pool) -> None:
    await pool.execute("CREATE TABLE done (n int)")
    runs = 0

    async def work() -> None:
        nonlocal runs
        runs += 1
        async with transaction(pool) as conn:
            await conn.execute("INSERT INTO done VALUES (1)")
        raise asyncpg.SerializationError("later")

    with pytest.raises(RETRYABLE):
        await with_retries(work)
    assert (runs, await pool.fetchval("SELECT count(*) FROM done")) == (1, 1)
