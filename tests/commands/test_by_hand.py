"""The commands as an operator types them, in a process of their own."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from feed.auth.tokens import TokenVerifier
from feed.commands.ops import phone_for
from feed.phones import normalise_phone
from feed.sms.file_provider import FileProvider
from feed.sms.model import Purpose, Reference
from tests.support.command_line import Installation, Ran
from tests.support.sms import PHONE, enqueue


@pytest.fixture
def there(tmp_path: Path, database: str, redis_url: str) -> Installation:
    return Installation(tmp_path, database, redis_url)


async def test_the_outbox_is_json_lines_and_one_phones_on_demand(there: Installation) -> None:
    assert await there.feed("outbox") == Ran(0, "", "")
    provider = FileProvider(there.outbox)
    notice = {"campaign": "爱读书的深圳人", "date": "10 月 1 日"}
    await provider.send(Reference("1"), "+8613800138000", Purpose.PRIZE_NOTICE, notice)
    await provider.send(Reference("2"), "+8613900139000", Purpose.SIGN_IN_CODE, {"code": "012345", "minutes": "5"})

    everything = [json.loads(line) for line in (await there.feed("outbox")).out.splitlines()]
    one_phone = [json.loads(line) for line in (await there.feed("outbox", "--phone", "139 0013 9000")).out.splitlines()]

    assert [line["id"] for line in everything] == ["1", "2"]
    assert "爱读书的深圳人" in everything[0]["text"]
    assert [line["params"]["code"] for line in one_phone] == ["012345"]
    assert (await there.feed("outbox", "--phone", "12")).status == 1


async def test_messages_that_are_held_are_seen_as_such(there: Installation, database: str) -> None:
    pool = await asyncpg.create_pool(database, min_size=1, max_size=1)
    message_id = await enqueue(pool, there.keys)
    await pool.execute(
        """
        UPDATE messages
        SET held_by = 'quiet_hours', held_until = '2026-10-01T00:00:00Z', held_setting = 'quiet_hours: 22:00-08:00'
        """
    )
    await pool.close()

    (line,) = [json.loads(line) for line in (await there.feed("outbox")).out.splitlines()]
    assert (line["id"], line["held_by"], line["held_until"]) == (str(message_id), "quiet_hours", "2026-10-01T00:00:00Z")
    assert (line["phone"], line["purpose"]) == (PHONE, "prize_notice")
    assert "爱读书的深圳人" in line["text"]
    assert (await there.feed("outbox", "--phone", "13900139000")).out == ""
    # Where messages are really sent, a terminal shows neither number nor text.
    real = await there.feed("outbox", FEED_EMBEDDED="", FEED_PUBLIC_URL="https://feed.example")
    assert PHONE not in real.out
    assert '"phone":"138****8000"' in real.out
    assert "爱读书的深圳人" not in real.out
    doctor = await there.feed("doctor")
    assert re.search(r"ok\s+messages.*1 held by quiet hours until 2026-10-01 08:00 Shanghai time", doctor.out), (
        doctor.out
    )
    away = await there.feed("outbox", FEED_DATABASE_URL="postgresql://feed@127.0.0.1:1/feed")
    assert (away.status, away.out) == (0, "")
    assert "held messages cannot be read" in away.err


async def test_a_token_is_one_line_and_says_who(there: Installation) -> None:
    ran = await there.feed("token", "--user", "小林", "--role", "editor", "--role", "reviewer")

    assert ran.status == 0
    (token,) = ran.out.splitlines()
    claims = TokenVerifier(there.keys.token_key, own_roles=True).verify(token)
    assert (claims.sub, claims.name, set(claims.roles)) == ("小林", "小林", {"editor", "reviewer"})
    assert claims.phone == phone_for("小林")
    given = await there.feed("token", "--user", "小林", "--phone", "138 0013 8000")
    assert TokenVerifier(there.keys.token_key).verify(given.out.strip()).phone == "+8613800138000"
    assert (await there.feed("token", "--user", "小林", "--role", "king")).status == 2
    for user in ("小\n林", "\u3164", "长" * 256):
        ran = await there.feed("token", "--user", user)
        assert (ran.status, ran.out) == (1, ""), user


def test_a_test_phone_is_a_phone_and_ones_own() -> None:
    phones = {phone_for(f"用户{number}") for number in range(1000)}

    assert len(phones) == 1000
    assert all(normalise_phone(phone) == phone for phone in phones)


async def test_a_right_is_granted_once_and_taken_away_once(there: Installation) -> None:
    conn = await asyncpg.connect(there.environ["FEED_DATABASE_URL"])
    account_id = await conn.fetchval(
        "INSERT INTO accounts (iss, sub, name) VALUES ('feed', '小林', '小林') RETURNING id"
    )

    async def roles() -> list[str]:
        rows = await conn.fetch(
            "SELECT role FROM staff_rights WHERE account_id = $1 AND revoked_at IS NULL", account_id
        )
        return [row["role"] for row in rows]

    assert "granted" in (await there.feed("grant", "小林", "editor")).out
    assert "nothing to do" in (await there.feed("grant", str(account_id), "editor")).out
    assert await roles() == ["editor"]
    assert "revoked" in (await there.feed("grant", str(account_id), "editor", "--revoke")).out
    assert await roles() == []
    nobody = await there.feed("grant", "nobody", "editor")
    assert nobody.status == 1
    assert "Traceback" not in nobody.err
    await conn.close()


async def test_the_doctor_finds_nothing_where_nothing_is_wrong(there: Installation, redis: Redis) -> None:
    ran = await there.feed("doctor")

    assert ran.status == 0, ran.out
    assert "WRONG" not in ran.out
    assert "noeviction" in ran.out


async def test_the_doctor_names_what_is_wrong(there: Installation) -> None:
    conn = await asyncpg.connect(there.environ["FEED_DATABASE_URL"])
    await conn.execute("DELETE FROM schema_migrations WHERE name = (SELECT max(name) FROM schema_migrations)")
    await conn.close()

    ran = await there.feed("doctor", FEED_REDIS_URL="redis://127.0.0.1:1/0", FEED_KEYS_DIR="/nowhere")

    assert ran.status == 1
    wrong = [line.split()[1] for line in ran.out.splitlines() if line.startswith("WRONG")]
    assert wrong == ["keys", "migrations", "redis"]


async def test_the_doctor_misses_an_access_log_where_the_public_is_served(there: Installation, redis: Redis) -> None:
    public = {"FEED_EMBEDDED": "", "FEED_PUBLIC_URL": "https://feed.example"}
    without = await there.feed("doctor", **public)
    assert re.search(r"WRONG +access log .*FEED_ACCESS_LOG_DIR", without.out), without.out
    written = await there.feed(
        "doctor", **public, FEED_ACCESS_LOG_DIR="/var/log/feed-access", FEED_ACCESS_LOG_DAYS="200"
    )
    assert re.search(r"ok +access log +/var/log/feed-access.*kept 200 days", written.out), written.out


async def test_the_doctor_sees_that_no_worker_runs(there: Installation) -> None:
    conn = await asyncpg.connect(there.environ["FEED_DATABASE_URL"])
    await conn.execute("INSERT INTO changes (post_id, version, made_at) VALUES (1, 1, now() - interval '1 hour')")
    await conn.execute(
        """
        INSERT INTO messages (purpose, once_key, sealed, state, sending_at)
        VALUES ('prize_notice', 'a', '', 'unknown', now()), ('prize_notice', 'b', '', 'sending', now() - interval '1 hour')
        """
    )
    await conn.close()

    ran = await there.feed("doctor")

    assert ran.status == 1
    wrong = [line for line in ran.out.splitlines() if line.startswith("WRONG")]
    assert len(wrong) == 2
    # Some seconds more on a machine that has much to do.
    assert re.search(r"the oldest for 36\d\d s", wrong[0])
    assert "1 stuck, 1 unknown" in wrong[1]


async def test_the_doctor_tells_of_messages_that_wait_for_somebody(
    there: Installation, database: str, redis: Redis
) -> None:
    conn = await asyncpg.connect(database)
    add = """
        INSERT INTO messages (purpose, once_key, sealed, state, sending_at, error_code, expires_at, resolved_at)
        VALUES ('prize_notice', $1, '', $2, now(), $3, now() + $4::interval, $5)
        """
    day = timedelta(days=1)
    for key, state, code, left, resolved in (
        ("a", "unknown", "cannot_tell", day, None),
        ("b", "failed", "isv.MOBILE_NUMBER_ILLEGAL", day, None),
        ("c", "undelivered", "MOBILE_TERMINAL_ERROR", day, None),
        ("d", "queued", "isv.AMOUNT_NOT_ENOUGH", day, None),
        ("e", "unknown", "cannot_tell", -day, None),
        ("f", "failed", "x", day, datetime.now(UTC)),
        ("g", "queued", None, day, None),
    ):
        await conn.execute(add, key, state, code, left, resolved)
    ran = await there.feed("doctor")
    assert ran.status == 1
    assert re.search(
        r"WRONG\s+messages.*0 stuck, 1 unknown, 1 failed, 1 undelivered, 1 put off \(isv.AMOUNT_NOT_ENOUGH\)", ran.out
    )
    assert re.search(r"ok\s+sms\s+file：.* · written down, no phone gets anything", ran.out)
    await conn.execute("UPDATE messages SET resolved_at = now(), error_code = NULL")
    assert re.search(r"ok\s+messages.*0 stuck, 0 unknown, 0 failed", (await there.feed("doctor")).out)
    await conn.close()


@pytest.mark.parametrize("command", ["worker", "doctor", "api"])
async def test_messages_that_could_not_be_sent_stop_the_start(there: Installation, command: str) -> None:
    secret = "a-secret-that-nobody-shows"
    ran = await there.feed(command, FEED_SMS_PROVIDER="aliyun", FEED_SMS_KEY_ID="id", FEED_SMS_KEY_SECRET=secret)
    assert ran.status == 1
    assert "FEED_SMS_SIGN_NAME, FEED_SMS_TEMPLATES" in ran.err
    assert secret not in ran.err
    ran = await there.feed(command, FEED_SMS_PROVIDER="pigeon")
    assert ran.status == 1
    assert "FEED_SMS_PROVIDER is one of file, console, aliyun, tencent" in ran.err


@pytest.mark.parametrize("provider", ["file", "console", ""])
@pytest.mark.parametrize("command", [("worker",), ("api",), ("up", "--port", "0")])
async def test_messages_that_would_only_be_written_down_stop_the_start(
    there: Installation, command: tuple[str, ...], provider: str, tmp_path: Path
) -> None:
    ran = await there.feed(*command, FEED_EMBEDDED="", FEED_SMS_PROVIDER=provider, FEED_DATA=str(tmp_path / "data"))
    assert ran.status == 2
    assert f"FEED_SMS_PROVIDER={provider or 'file'}" in ran.err
    assert "只记录短信而不发送" in ran.err
    assert "aliyun or tencent" in ran.err
    assert "Traceback" not in ran.err


async def test_the_doctor_sees_that_messages_are_only_written_down(there: Installation) -> None:
    ran = await there.feed("doctor", FEED_EMBEDDED="")
    assert ran.status == 1
    assert re.search(r"WRONG\s+sms\s+file：.* · written down", ran.out)


async def test_what_the_doctor_says_is_said_in_chinese_and_english(there: Installation) -> None:
    """But for versions and the names of settings."""
    ran = await there.feed("doctor")
    said = [line[23:] for line in ran.out.splitlines() if not line[7:].startswith(("postgres", "redis"))]
    assert len(said) > 7
    assert [each for each in said if not re.search(r"[\u4e00-\u9fff].* · .*[a-z]{4}", each)] == []


async def test_the_doctor_says_so_when_postgres_is_away(there: Installation) -> None:
    ran = await there.feed("doctor", FEED_DATABASE_URL="postgresql://feed@127.0.0.1:1/feed")

    assert ran.status == 1
    assert "cannot be reached" in ran.out
    assert "Traceback" not in ran.err


async def test_a_broken_table_of_regions_ends_the_start_with_its_line(there: Installation, tmp_path: Path) -> None:
    (tmp_path / "regions.csv").write_text("203.0.113.0/24,广东\nhere,there\n", "utf-8")
    refused = await there.feed("api", "--port", "1", FEED_IP_REGIONS_FILE=str(tmp_path / "regions.csv"))
    assert refused.status == 1
    assert "FEED_IP_REGIONS_FILE" in refused.err
    assert "regions.csv, line 2" in refused.err
    assert "Traceback" not in refused.err


async def test_dead_pushes_are_seen_and_tried_again(there: Installation, database: str) -> None:
    conn = await asyncpg.connect(database)
    await conn.execute(
        """
        INSERT INTO pushes (inbox_id, account_id, once_key, state, tries, error_code, ended_at)
        SELECT number, 1, 'k', 'dead', 12, 'status_410', now() FROM generate_series(1, 3) AS numbers (number)
        """
    )
    listed = await there.feed("push", "list", "--dead")
    assert [json.loads(line)["id"] for line in listed.out.splitlines()] == ["3", "2", "1"]
    assert (await there.feed("push", "retry", "3")).status == 0
    again = await there.feed("push", "retry", "3")
    assert (again.status, "已放弃" in again.err) == (1, True)
    assert "2" in (await there.feed("push", "retry", "--all")).out
    assert await conn.fetchval("SELECT count(*) FROM pushes WHERE state = 'waiting' AND tries = 0") == 3
    assert (await there.feed("push", "list", "--dead")).out == ""
    await conn.close()


@pytest.mark.parametrize(("url", "secret"), [("https://push.example/", "short"), ("http://push.example/", "s" * 32)])
async def test_a_weak_push_hook_is_refused_at_the_start(there: Installation, url: str, secret: str) -> None:
    ran = await there.feed("worker", FEED_PUSH_HOOK_URL=url, FEED_PUSH_HOOK_SECRET=secret)
    assert ran.status == 1
    assert "FEED_PUSH_HOOK" in ran.err
    assert secret not in ran.err
