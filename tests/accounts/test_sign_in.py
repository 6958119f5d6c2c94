"""Sign-in by phone: codes, tries, rate limits and refresh tokens."""

import asyncio
import time
from collections.abc import Awaitable
from pathlib import Path

import pytest
from asyncpg import Pool, Record

from feed.accounts import store as accounts
from feed.accounts.known_device import SignInClient, is_known
from feed.accounts.sign_in import (
    CodeRefused,
    RefreshRefused,
    SignedIn,
    exchange_code,
    read_code,
    refresh,
    request_code,
    sign_out,
)
from feed.auth.tokens import LOCAL_ISSUER, TokenVerifier
from feed.errors import Invalid
from feed.keys.store import Keys, open_keys
from feed.limits.model import RateLimited
from feed.postgres import many
from feed.sms.actions import open_recipient
from feed.sms.model import SendAttempt

PHONE = "13800138000"


async def codes_sent(pool: "Pool[Record]", keys: Keys) -> list[str]:
    """The codes in the queued messages, oldest first."""
    rows = await pool.fetch("SELECT id, purpose, once_key, sealed, created_at AS sending_at FROM messages ORDER BY id")
    codes = []
    for message in many(rows, SendAttempt):
        recipient = open_recipient(keys, message)
        assert recipient is not None
        codes.append(recipient.params["code"])
    return codes


async def signed_in(pool: "Pool[Record]", keys: Keys, phone: str = PHONE) -> SignedIn:
    await request_code(pool, keys, phone)
    return await exchange_code(pool, keys, phone, (await codes_sent(pool, keys))[-1])


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_a_code_signs_in_and_the_token_is_ours(pool: "Pool[Record]", keys: Keys) -> None:
    tokens = await signed_in(pool, keys)

    claims = TokenVerifier(keys.token_key).verify(tokens.access_token)
    async with pool.acquire() as conn:
        account = await accounts.get_account(conn, tokens.account_id)
    assert (claims.iss, claims.sub) == (LOCAL_ISSUER, account.sub)
    assert claims.roles == ()
    assert claims.phone is None
    assert account.person == keys.person_of("+8613800138000")
    assert account.phone_sealed is not None
    assert keys.open(account.phone_sealed, aad=f"account:{account.id}".encode()) == b"+8613800138000"


async def test_a_name_reveals_nothing_of_the_phone(pool: "Pool[Record]", keys: Keys) -> None:
    tokens = await signed_in(pool, keys)

    row = await pool.fetchval("SELECT accounts::text FROM accounts WHERE id = $1", tokens.account_id)

    assert "读者" in row
    assert "13800138000" not in row


async def test_the_same_phone_is_the_same_account_however_it_is_written(pool: "Pool[Record]", keys: Keys) -> None:
    first = await signed_in(pool, keys)
    second = await signed_in(pool, keys, "+86 138 0013 8000")

    assert first.account_id == second.account_id
    assert first.refresh_token != second.refresh_token


async def test_the_database_does_not_contain_the_code(pool: "Pool[Record]", keys: Keys) -> None:
    await request_code(pool, keys, PHONE)
    (code,) = await codes_sent(pool, keys)

    rows = await pool.fetch(
        "SELECT sign_in_codes::text AS row FROM sign_in_codes UNION SELECT messages::text FROM messages"
    )

    assert len(code) == 6
    assert code.isdecimal()
    assert all(code.encode().hex() not in row["row"] for row in rows)


async def test_a_code_works_once(pool: "Pool[Record]", keys: Keys) -> None:
    await signed_in(pool, keys)
    (code,) = await codes_sent(pool, keys)

    with pytest.raises(CodeRefused):
        await exchange_code(pool, keys, PHONE, code)


async def test_concurrent_uses_of_a_code_sign_in_once(pool: "Pool[Record]", keys: Keys) -> None:
    await request_code(pool, keys, PHONE)
    (code,) = await codes_sent(pool, keys)

    outcomes = await asyncio.gather(*(exchange_code(pool, keys, PHONE, code) for _ in range(5)), return_exceptions=True)

    assert sum(isinstance(outcome, SignedIn) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, CodeRefused) for outcome in outcomes) == 4


async def test_after_five_wrong_tries_the_right_code_is_rejected(pool: "Pool[Record]", keys: Keys) -> None:
    await request_code(pool, keys, PHONE)
    (code,) = await codes_sent(pool, keys)

    for _ in range(5):
        with pytest.raises(CodeRefused):
            await exchange_code(pool, keys, PHONE, other_than(code))

    with pytest.raises(CodeRefused):
        await exchange_code(pool, keys, PHONE, code)


async def test_after_four_wrong_tries_the_right_code_is_accepted(pool: "Pool[Record]", keys: Keys) -> None:
    await request_code(pool, keys, PHONE)
    (code,) = await codes_sent(pool, keys)
    for _ in range(4):
        with pytest.raises(CodeRefused):
            await exchange_code(pool, keys, PHONE, other_than(code))

    await exchange_code(pool, keys, PHONE, code)


async def test_a_code_expires_after_five_minutes(pool: "Pool[Record]", keys: Keys) -> None:
    await request_code(pool, keys, PHONE)
    (code,) = await codes_sent(pool, keys)
    await pool.execute("UPDATE sign_in_codes SET expires_at = expires_at - interval '5 minutes'")

    with pytest.raises(CodeRefused):
        await exchange_code(pool, keys, PHONE, code)


async def test_earlier_codes_stay_valid_until_they_expire(pool: "Pool[Record]", keys: Keys) -> None:
    for _ in range(3):
        await request_code(pool, keys, PHONE)
    expired, older, newest = await codes_sent(pool, keys)
    await pool.execute(
        "UPDATE sign_in_codes SET expires_at = now() - interval '1 second' WHERE id = (SELECT min(id) FROM sign_in_codes)"
    )

    if expired not in (older, newest):
        with pytest.raises(CodeRefused):
            await exchange_code(pool, keys, PHONE, expired)
    for code in (older, newest):
        await exchange_code(pool, keys, PHONE, code)
    for code in (older, newest):
        with pytest.raises(CodeRefused):
            await exchange_code(pool, keys, PHONE, code)


async def test_a_wrong_code_takes_a_try_of_every_open_code(pool: "Pool[Record]", keys: Keys) -> None:
    """More open codes are not more guesses."""
    for _ in range(3):
        await request_code(pool, keys, PHONE)
    codes = await codes_sent(pool, keys)
    wrong = next(code for code in map(str, range(111_111, 999_999)) if code not in codes)

    for _ in range(5):
        with pytest.raises(CodeRefused):
            await exchange_code(pool, keys, PHONE, wrong)

    for code in codes:
        with pytest.raises(CodeRefused):
            await exchange_code(pool, keys, PHONE, code)


HERE, ELSEWHERE = SignInClient("203.0.113.7"), SignInClient("198.51.100.9")


async def guess(pool: "Pool[Record]", keys: Keys, code: str, client: SignInClient, *, times: int) -> None:
    for _ in range(times):
        with pytest.raises(CodeRefused):
            await exchange_code(pool, keys, PHONE, other_than(code), client)


async def test_a_stranger_cannot_use_up_the_tries_of_who_requested_the_code(pool: "Pool[Record]", keys: Keys) -> None:
    await request_code(pool, keys, PHONE, HERE)
    (code,) = await codes_sent(pool, keys)

    await guess(pool, keys, code, ELSEWHERE, times=6)
    with pytest.raises(CodeRefused):
        await exchange_code(pool, keys, PHONE, code, ELSEWHERE)
    await guess(pool, keys, code, HERE, times=4)

    await exchange_code(pool, keys, PHONE, code, HERE)


async def test_a_code_may_be_used_from_another_network(pool: "Pool[Record]", keys: Keys) -> None:
    """A phone changes from Wi-Fi to the mobile network."""
    await request_code(pool, keys, PHONE, HERE)
    (code,) = await codes_sent(pool, keys)
    await guess(pool, keys, code, ELSEWHERE, times=4)
    await exchange_code(pool, keys, PHONE, code, ELSEWHERE)


async def test_strangers_do_not_lock_out_a_known_device(pool: "Pool[Record]", keys: Keys) -> None:
    """Neither by requests of codes nor by wrong codes, whichever network the device is in now."""
    device = SignInClient("192.0.2.33", (await signed_in(pool, keys)).device_token)
    for provider in ("file", "aliyun", "tencent"):
        await pool.execute("DELETE FROM sign_in_codes")
        while True:  # Until the number is locked for strangers.
            try:
                await request_code(pool, keys, PHONE, ELSEWHERE, provider=provider)
            except RateLimited as error:
                if error.params["retry_after"] > 600:
                    break
            await pool.execute("UPDATE sign_in_codes SET created_at = created_at - interval '61 seconds'")
        with pytest.raises(RateLimited):
            await request_code(pool, keys, PHONE, HERE, provider=provider)

        await request_code(pool, keys, PHONE, device, provider=provider)
        code = (await codes_sent(pool, keys))[-1]
        await guess(pool, keys, code, ELSEWHERE, times=6)
        await guess(pool, keys, code, device, times=4)
        await exchange_code(pool, keys, PHONE, code, device)


async def test_the_number_of_codes_for_a_known_device_has_a_limit(pool: "Pool[Record]", keys: Keys) -> None:
    device = SignInClient(None, (await signed_in(pool, keys)).device_token)
    outcomes = [await outcome(request_code(pool, keys, PHONE, device)) for _ in range(12)]
    assert outcomes == ["sent"] * 9 + ["RateLimited"] * 3


async def outcome(request: Awaitable[None]) -> str:
    try:
        await request
    except RateLimited:
        return "RateLimited"
    return "sent"


async def test_a_device_is_known_for_its_own_number_and_for_a_year(
    pool: "Pool[Record]", keys: Keys, tmp_path: Path
) -> None:
    tokens = await signed_in(pool, keys)
    token, person, now = tokens.device_token, keys.person_of("+8613800138000"), time.time()
    assert token is not None
    assert is_known(keys, person, SignInClient(None, token), now=now)
    assert is_known(keys, person, SignInClient(None, token), now=now + 364 * 86_400)
    assert not is_known(keys, person, SignInClient(None, token), now=now + 367 * 86_400)
    assert not is_known(keys, keys.person_of("+8613900139000"), SignInClient(None, token), now=now)
    assert not is_known(open_keys(tmp_path / "others", create=True), person, SignInClient(None, token), now=now)
    day, _, digest = token.partition(".")
    for forged in (
        "",
        ".",
        day,
        f"{day}.",
        f"{int(day) + 1}.{digest}",
        f"-{day}.{digest}",
        f"{day}.\ud800",
        f"²{token}",
        "9" * 5000,
    ):
        assert not is_known(keys, person, SignInClient(None, forged), now=now)
    # It is the same for all devices of the number on one day, so that it tracks none of them.
    assert (await signed_in(pool, keys)).device_token == token
    assert (await refresh(pool, keys, tokens.refresh_token)).device_token == token


async def test_a_phone_without_a_code_gets_the_same_error(pool: "Pool[Record]", keys: Keys) -> None:
    with pytest.raises(CodeRefused):
        await exchange_code(pool, keys, PHONE, "123456")


async def test_a_code_is_valid_for_its_phone_only(pool: "Pool[Record]", keys: Keys) -> None:
    await request_code(pool, keys, PHONE)
    (code,) = await codes_sent(pool, keys)

    with pytest.raises(CodeRefused):
        await exchange_code(pool, keys, "13900139000", code)


async def test_codes_are_rate_limited_per_phone(pool: "Pool[Record]", keys: Keys) -> None:
    outcomes = await asyncio.gather(*(request_code(pool, keys, PHONE) for _ in range(8)), return_exceptions=True)

    assert outcomes.count(None) == 5
    assert sum(isinstance(outcome, RateLimited) for outcome in outcomes) == 3
    assert len(await codes_sent(pool, keys)) == 5


async def test_the_rate_limit_of_the_provider_applies_to_the_request(pool: "Pool[Record]", keys: Keys) -> None:
    await request_code(pool, keys, PHONE, provider="aliyun")
    with pytest.raises(RateLimited) as raised:
        await request_code(pool, keys, PHONE, provider="aliyun")
    assert 0 < raised.value.params["retry_after"] <= 61
    for _ in range(2):
        await pool.execute("UPDATE sign_in_codes SET created_at = created_at - interval '61 seconds'")
        await request_code(pool, keys, PHONE, provider="aliyun")
    await pool.execute("UPDATE sign_in_codes SET created_at = created_at - interval '61 seconds'")
    with pytest.raises(RateLimited) as raised:
        await request_code(pool, keys, PHONE, provider="aliyun")
    assert 3000 < raised.value.params["retry_after"] <= 3601


async def test_an_invalid_phone_is_rejected(pool: "Pool[Record]", keys: Keys) -> None:
    with pytest.raises(Invalid):
        await request_code(pool, keys, "12345")


async def test_a_refresh_token_is_exchanged_for_the_next_one(pool: "Pool[Record]", keys: Keys) -> None:
    first = await signed_in(pool, keys)

    second = await refresh(pool, keys, first.refresh_token)
    third = await refresh(pool, keys, second.refresh_token)

    assert first.account_id == second.account_id == third.account_id
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3


async def use_earlier(pool: "Pool[Record]", *, seconds: int) -> None:
    """Moves all uses of refresh tokens into the past."""
    await pool.execute("UPDATE refresh_tokens SET used_at = used_at - make_interval(secs => $1)", seconds)


async def test_a_second_use_of_a_refresh_token_revokes_its_sign_in_only(pool: "Pool[Record]", keys: Keys) -> None:
    stolen, elsewhere = await signed_in(pool, keys), await signed_in(pool, keys)
    next_one = await refresh(pool, keys, stolen.refresh_token)
    await use_earlier(pool, seconds=61)

    for token in (stolen, next_one):
        with pytest.raises(RefreshRefused):
            await refresh(pool, keys, token.refresh_token)

    await refresh(pool, keys, elsewhere.refresh_token)


async def test_a_refresh_whose_response_was_lost_is_answered_again(pool: "Pool[Record]", keys: Keys) -> None:
    first = await signed_in(pool, keys)
    lost = await refresh(pool, keys, first.refresh_token)
    await use_earlier(pool, seconds=55)

    again = [await refresh(pool, keys, first.refresh_token) for _ in range(3)]

    assert {each.refresh_token for each in again} == {lost.refresh_token}
    following = await refresh(pool, keys, lost.refresh_token)
    # The same holds for every later token of the sign-in.
    assert (await refresh(pool, keys, lost.refresh_token)).refresh_token == following.refresh_token


async def test_a_refresh_token_whose_successor_was_used_is_stolen(pool: "Pool[Record]", keys: Keys) -> None:
    """However soon: the client that repeats it has not lost the response."""
    first = await signed_in(pool, keys)
    second = await refresh(pool, keys, first.refresh_token)
    third = await refresh(pool, keys, second.refresh_token)

    for token in (first, second, third):
        with pytest.raises(RefreshRefused):
            await refresh(pool, keys, token.refresh_token)


async def test_concurrent_refreshes_get_the_same_successor(pool: "Pool[Record]", keys: Keys) -> None:
    first = await signed_in(pool, keys)

    tokens = await asyncio.gather(*(refresh(pool, keys, first.refresh_token) for _ in range(8)))

    assert len({each.refresh_token for each in tokens}) == 1
    assert await pool.fetchval("SELECT count(*) FROM refresh_tokens") == 2
    await refresh(pool, keys, tokens[0].refresh_token)


async def test_the_database_does_not_contain_what_a_successor_is_made_of(
    pool: "Pool[Record]", keys: Keys, tmp_path: Path
) -> None:
    first = await signed_in(pool, keys)
    second = await refresh(pool, keys, first.refresh_token)

    rows = "".join(await pool.fetchval("SELECT array_agg(refresh_tokens::text) FROM refresh_tokens"))

    assert first.refresh_token not in rows
    assert second.refresh_token not in rows
    # Nor does the former token suffice, without the key.
    with pytest.raises(RefreshRefused):
        await refresh(pool, open_keys(tmp_path / "others", create=True), first.refresh_token)


async def test_signing_out_ends_this_sign_in_only_and_may_be_repeated(pool: "Pool[Record]", keys: Keys) -> None:
    here, elsewhere = await signed_in(pool, keys), await signed_in(pool, keys)
    following = await refresh(pool, keys, here.refresh_token)

    # A client that has lost the response of its last refresh signs out with the former token.
    for token in (here, following, here):
        await sign_out(pool, token.refresh_token)
    await sign_out(pool, "unknown")

    for token in (here, following):
        with pytest.raises(RefreshRefused):
            await refresh(pool, keys, token.refresh_token)
    await refresh(pool, keys, elsewhere.refresh_token)


async def test_signing_out_everywhere_ends_every_sign_in_of_the_person(pool: "Pool[Record]", keys: Keys) -> None:
    here, there = await signed_in(pool, keys), await signed_in(pool, keys)
    stranger = await signed_in(pool, keys, "13900139000")
    # The person's second account.
    second = await signed_in(pool, keys, "13700137000")
    await pool.execute(
        "UPDATE accounts SET person = (SELECT person FROM accounts WHERE id = $1) WHERE id = $2",
        here.account_id,
        second.account_id,
    )
    # A sign-in that has ended has no power over the others.
    await sign_out(pool, there.refresh_token)
    await sign_out(pool, there.refresh_token, everywhere=True)
    here = await refresh(pool, keys, here.refresh_token)

    await sign_out(pool, here.refresh_token, everywhere=True)

    for token in (here, there, second):
        with pytest.raises(RefreshRefused):
            await refresh(pool, keys, token.refresh_token)
    await refresh(pool, keys, stranger.refresh_token)


async def test_a_refresh_during_a_sign_out_leaves_no_valid_token(pool: "Pool[Record]", keys: Keys) -> None:
    for everywhere in (False, True):
        for _ in range(5):
            await pool.execute("DELETE FROM sign_in_codes")
            first = await signed_in(pool, keys)
            await asyncio.gather(
                *(refresh(pool, keys, first.refresh_token) for _ in range(3)),
                sign_out(pool, first.refresh_token, everywhere=everywhere),
                return_exceptions=True,
            )
            assert await pool.fetchval("SELECT count(*) FROM refresh_tokens WHERE revoked_at IS NULL") == 0


@pytest.mark.parametrize("token", ["", "x" * 5000, "\ud800"])
async def test_an_unknown_refresh_token_is_rejected(pool: "Pool[Record]", keys: Keys, token: str) -> None:
    with pytest.raises(RefreshRefused):
        await refresh(pool, keys, token)
    await sign_out(pool, token)
    await sign_out(pool, token, everywhere=True)


async def test_a_refresh_token_is_invalid_after_its_end_and_for_an_erased_account(
    pool: "Pool[Record]", keys: Keys
) -> None:
    tokens = await signed_in(pool, keys)
    await pool.execute("UPDATE accounts SET erased_at = now()")
    with pytest.raises(RefreshRefused):
        await refresh(pool, keys, tokens.refresh_token)

    await pool.execute("UPDATE accounts SET erased_at = NULL")
    await pool.execute("UPDATE refresh_tokens SET used_at = NULL, expires_at = now()")
    with pytest.raises(RefreshRefused):
        await refresh(pool, keys, tokens.refresh_token)


@pytest.mark.parametrize(
    "raw",
    [
        "１２３４５６",
        "123 456",
        "123456\n",
        "\u202a123\u2011456\u202c",
        "１２３－４５６",
        "1 2 3 4 5 6",
        "\ufeff123\u200b456",
        "١٢٣٤٥٦",
        "①②③④⑤⑥",
    ],
)
def test_every_way_to_type_a_code_is_its_six_digits(raw: str) -> None:
    assert read_code(raw) == "123456"


@pytest.mark.parametrize(
    "raw",
    [
        "12345",
        "1234567",
        "12345a",
        "一二三四五六",
        "123456\x00",
        "123.456",
        "1" * 400,
        "1" + "-" * 400,
        "½23456",
        "\ud80012345",
    ],
)
def test_what_is_not_six_digits_is_invalid(raw: str) -> None:
    with pytest.raises(Invalid) as raised:
        read_code(raw)
    assert [(error.field, error.code) for error in raised.value.errors] == [("code", "invalid_code")]


async def test_only_six_digits_spend_an_attempt(pool: "Pool[Record]", keys: Keys) -> None:
    await request_code(pool, keys, PHONE)
    (code,) = await codes_sent(pool, keys)
    for raw in ("", "12345", "abcdef", "1234567") * 3:
        with pytest.raises(Invalid):
            await exchange_code(pool, keys, PHONE, raw)
    with pytest.raises(Invalid) as raised:
        await exchange_code(pool, keys, "x", "y")
    assert [error.field for error in raised.value.errors] == ["phone", "code"]
    typed = f" {code[:3]} {code[3:]}\n".translate({ord("0") + n: ord("０") + n for n in range(10)})
    assert (await exchange_code(pool, keys, PHONE, typed)).access_token
