"""How a retried action begins: with the claim of its key, in the transaction of its effect."""

import pytest

from feed.idempotency import (
    AlreadyAnswered,
    IdempotencyKeyBusy,
    IdempotencyKeyReused,
    KeyedRequest,
    StoredResponse,
    idempotent_transaction,
    keyed_request,
    store_responses,
)
from feed.postgres import Pool
from tests.support import make


def request(body: bytes = b"x") -> KeyedRequest:
    found = keyed_request("/v1/posts", "k", body)
    assert found is not None
    return found


async def test_a_repeat_finds_the_id_that_was_reserved_for_its_first_attempt(pool: Pool) -> None:
    account = await make.account(pool)
    async with idempotent_transaction(pool, account, request()) as (_, first):
        assert not first.is_repeat
    async with idempotent_transaction(pool, account, request()) as (_, second):
        assert second.is_repeat
    assert first.reserved_id == second.reserved_id is not None


async def test_an_error_releases_the_key_with_the_effect(pool: Pool) -> None:
    account = await make.account(pool)

    async def fail() -> None:
        async with idempotent_transaction(pool, account, request()) as (conn, _):
            await conn.execute("UPDATE accounts SET name = 'changed' WHERE id = $1", account)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await pool.fetchval("SELECT name FROM accounts WHERE id = $1", account) != "changed"
    async with idempotent_transaction(pool, account, request()) as (_, attempt):
        assert not attempt.is_repeat


async def test_without_a_key_or_an_account_every_attempt_is_the_first(pool: Pool) -> None:
    account = await make.account(pool)
    for by, keyed in ((account, None), (None, request()), (None, None)):
        for _ in range(2):
            async with idempotent_transaction(pool, by, keyed) as (_, attempt):
                assert not attempt.is_repeat
                assert attempt.reserved_id is None
    assert await pool.fetchval("SELECT count(*) FROM idempotency_keys") == 0


async def test_while_the_first_attempt_runs_the_second_is_refused(pool: Pool) -> None:
    account = await make.account(pool)
    async with idempotent_transaction(pool, account, request()):
        with pytest.raises(IdempotencyKeyBusy):
            async with idempotent_transaction(pool, account, request()):
                pass
    async with idempotent_transaction(pool, account, request()) as (_, third):
        assert third.is_repeat


async def test_the_block_of_an_answered_or_another_request_is_not_entered(pool: Pool) -> None:
    account = await make.account(pool)
    async with idempotent_transaction(pool, account, request()):
        pass
    with pytest.raises(IdempotencyKeyReused):
        async with idempotent_transaction(pool, account, request(b"y")):
            pytest.fail("entered")
    await store_responses(pool, [StoredResponse(account, request(), 201, b"{}")])
    with pytest.raises(AlreadyAnswered) as answered:
        async with idempotent_transaction(pool, account, request()):
            pytest.fail("entered")
    assert (answered.value.status, answered.value.body) == (201, b"{}")
