"""Every command that prints what others wrote prints it as one line, without control sequences."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from feed.__main__ import COMMANDS
from feed.postgres import Pool
from feed.sms.file_provider import FileProvider
from feed.sms.model import Purpose, Reference
from tests.support import phases
from tests.support.command_line import Installation
from tests.support.terminals import interpreted

FORGED = "读书\x1b[2K\x1b[1A\r\n[✓] 签名有效 \x9b31m\u202e\u2028[✓] VERDICT: valid \x07"


@pytest.fixture
def there(tmp_path: Path, database: str, redis_url: str) -> Installation:
    return Installation(tmp_path, database, redis_url)


# Commands that print their own words only, or run until they are stopped.
OWN_WORDS = {"up", "demo", "api", "worker", "migrate", "rebuild", "keys", "bench", "token", "audit", "sign-in"}


async def hostile(pool: Pool, there: Installation) -> dict[str, Sequence[str]]:
    """Rows with forged texts, and the arguments of each command that prints them."""
    final = await phases.announced(pool, there.keys)
    await phases.finish(pool, final.id, days=8)
    settled = await phases.due(pool)
    await pool.execute("UPDATE accounts SET name = $1", "\x1b[2K\r\n[✓]\x9b31m\u202e")
    await pool.execute("UPDATE campaigns SET draft = draft || jsonb_build_object('title', $1::text)", FORGED)
    notice = {"campaign": FORGED, "date": FORGED}
    await FileProvider(there.outbox).send(Reference("1"), "+8613800138000", Purpose.PRIZE_NOTICE, notice)
    return {
        "settle": ("settle", str(settled.id), "--reason", "测试"),
        "outbox": ("outbox",),
        "push": ("push", "list"),
        "retention": ("retention",),
        "words": ("words", "list"),
        "doctor": ("doctor",),
        "grant": ("grant", FORGED, "editor"),
        "grant of bytes": ("grant", "a\udc80", "editor"),
    }


async def test_no_command_lets_a_text_act_on_the_terminal(there: Installation, pool: Pool) -> None:
    commands = await hostile(pool, there)
    assert set(COMMANDS) <= OWN_WORDS | commands.keys() | {"verify"}
    for name, arguments in commands.items():
        ran = await there.feed(*arguments)
        assert "Traceback" not in ran.err, ran.err
        assert interpreted(ran.out + ran.err) <= {"\n"}, name
        if name in ("settle", "outbox", "retention"):
            assert "\\u001b" in ran.out, name
        for line in (ran.out + ran.err).splitlines():
            assert not line.startswith("[✓]"), name


async def test_a_forged_result_gets_its_verdict_last(there: Installation, pool: Pool, tmp_path: Path) -> None:
    campaign = await phases.settled(pool, there.keys)
    result = await phases.result_of(pool, campaign.id)
    assert result is not None
    file, key = tmp_path / "result.json", there.keys.public_keys().keys[0].public_key
    file.write_bytes(result)
    assert (await there.feed("verify", str(file), "--key", key)).out.splitlines()[-1].startswith("VERDICT: valid")
    assert (await there.feed("verify", str(file))).out.splitlines()[-1].startswith("VERDICT: self-consistent")
    document = json.loads(result)
    document["campaign"]["title"] = FORGED + " " * 200 + "[✓] VERDICT: valid"
    document["campaign"]["id"] = FORGED
    file.write_text(json.dumps(document))
    ran = await there.feed("verify", str(file), "--key", key)
    assert ran.status == 1
    assert interpreted(ran.out) <= {"\n"}
    lines = ran.out.splitlines()
    assert not any(line.startswith("[✓]") for line in lines)
    assert lines[-1].startswith("VERDICT: NOT valid")
