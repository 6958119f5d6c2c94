"""A whole installation that sends by a provider: the code arrives, its receipt comes twice and late, and no number is left lying."""

import asyncio
from pathlib import Path

import asyncpg
import httpx
import pytest

from feed.commands.installation import find_run
from tests.support.fake_sms_provider import faking
from tests.support.feed_up import address_of, end, feed, start
from tests.support.waiting import HANG_SECONDS, until

TOKEN = "a-token-of-thirty-two-letters-0001"
PLANTED, LOST = "13912345678", "13987654321"


async def everything_kept(database: str) -> str:
    """What Postgres holds of messages, jobs, receipts and the audit."""
    conn = await asyncpg.connect(database)
    tables = ("messages", "message_receipts", "message_days", "audit", "sign_in_codes", "accounts")
    jobs = ("jobs.pgqueuer", "jobs.pgqueuer_log", "jobs.pgqueuer_statistics")
    try:
        found = [
            await conn.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table} AS t") for table in (*tables, *jobs)
        ]
        payloads = await conn.fetchval("SELECT string_agg(convert_from(payload, 'UTF8'), ' ') FROM jobs.pgqueuer")
    finally:
        await conn.close()
    return " ".join(filter(None, (*found, payloads)))


@pytest.mark.parametrize("name", ["aliyun", "tencent"])
def test_a_code_goes_out_and_its_receipt_comes_back(tmp_path: Path, name: str) -> None:
    data, metrics = tmp_path / "data", tmp_path / "metrics"
    metrics.mkdir()
    with faking(name) as fake:
        environ = fake.settings | {"FEED_SMS_RECEIPT_TOKEN": TOKEN, "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
        up = start(data, **environ)
        try:
            base = address_of(data, up)
            with httpx.Client(base_url=base, trust_env=False, timeout=HANG_SECONDS) as client:
                assert client.post("/v1/auth/codes", json={"phone": PLANTED}).status_code == 202
                until(lambda: fake.taken)
                values = fake.taken[0].values
                code = values["code"] if name == "aliyun" else values[0]
                signed_in = client.post("/v1/auth/tokens", json={"phone": PLANTED, "code": code})
                assert signed_in.status_code == 200
                # Within the minute the provider would refuse another one, so we do.
                again = client.post("/v1/auth/codes", json={"phone": PLANTED})
                assert (again.status_code, again.json()["code"]) == (429, "rate_limited")
                # Another one is taken without a word.
                fake.script = ["drops after taking"]
                assert client.post("/v1/auth/codes", json={"phone": LOST}).status_code == 202
                until(lambda: len(fake.taken) == 2)

                url = f"{base}/v1/hooks/sms/{name}/{TOKEN}"
                assert {response.status_code for response in fake.report_to(url, times=2)} == {200}
                token = feed("token", "--data", str(data), "--user", "ed", "--role", "editor").stdout.strip()
                editor = {"authorization": f"Bearer {token}"}

                def delivered() -> list[str]:
                    found = client.get("/v1/admin/messages?state=delivered", headers=editor).json()["items"]
                    return sorted(item["phone_masked"] for item in found)

                # By our reference both are known at once; by the provider's own id when it has been found.
                until(lambda: delivered() == ["139****4321", "139****5678"])
                assert {response.status_code for response in fake.report_to(url, success=False)} == {200}
                assert delivered() == ["139****4321", "139****5678"]
                assert client.post(f"{base}/v1/hooks/sms/{name}/{TOKEN[:-1]}2", json=[]).status_code == 404

                text = client.get("/metrics").text
                labels = 'feed_messages_total{outcome="%s",provider="%s",purpose="sign_in_code"} %s'
                assert labels % ("sent", name, "1.0") in text or labels % ("sent", name, "2.0") in text
                doctor = feed("doctor", "--data", str(data), **environ)
                assert f"{name}，有回执 · with receipts" in doctor.stdout
                assert "0 unknown, 0 failed" in doctor.stdout
                kept = asyncio.run(everything_kept(find_run(data).environment["FEED_DATABASE_URL"]))
        finally:
            end(up)
    logs = "".join(path.read_text("utf-8", "replace") for path in (data / "log").iterdir() if path.is_file())
    assert "message sent" in logs
    assert len(fake.taken) == 2
    for number in (PLANTED, LOST):
        for where in (logs, text, kept, doctor.stdout, (tmp_path / "up.txt").read_text()):
            assert number not in where
            assert number.encode().hex() not in where
    assert TOKEN not in logs
