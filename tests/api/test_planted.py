"""A run with planted names, phones and addresses, which must occur only in the responses that show them, in no encoding.

The development outbox (FEED_SMS_OUTBOX, not written with a provider) is the only file that may contain a phone in clear.
Requests to a provider contain the phone; only the fake provider inspects them.
"""

import asyncio
import base64
import contextlib
import io
import logging
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from feed.environment import read_settings
from feed.keys.store import Keys
from feed.observability.logging import configure
from feed.phones import normalise_phone
from feed.settings import Settings
from feed.sms.file_provider import read_outbox
from feed.sms.registry import open_provider
from feed.worker.loop import work
from feed.worker.state import WorkerState
from tests.support import make, phases
from tests.support.api import Join, Person
from tests.support.fake_sms_provider import Fake, faking
from tests.support.logs import log_plainly
from tests.support.planted import dumped, files_below, forms_of, found_in, saved, tables_of
from tests.support.prizes_api import grant_access
from tests.support.waiting import HANG_SECONDS

TOKEN = "a-token-of-thirty-two-letters-0001"
BEST, OTHER, LOSER, STRANGER = "13911357924", "13922468135", "15833579246", "18644681357"
CLAIMS = (
    {"recipient_name": "欧阳翠薇", "phone": "13755791468", "address": "深圳市盐田区海涛路九九六弄7号楼3单元", "privacy_version": "1"},
    {"recipient_name": "司徒砚秋", "phone": "17766802579", "address": "深圳市坪山区竹坑老围村41巷2-805", "privacy_version": "1"},
)  # fmt: skip
PHONES = (BEST, OTHER, LOSER, STRANGER, *(claim["phone"] for claim in CLAIMS))
# Editors see the beginning of an address: only its end is planted.
PLANTED = (*PHONES, *(claim["recipient_name"] for claim in CLAIMS), *(claim["address"][9:] for claim in CLAIMS))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, sms_receipt_token=TOKEN, sign_in_challenge="never")


@pytest.fixture
def written() -> Iterator[Callable[[], bytes]]:
    """Everything that API, worker and libraries log at debug level or print."""
    errors, output = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(output):
        configure("json", level=logging.DEBUG)
        assert sys.stderr is errors
        yield lambda: (errors.getvalue() + output.getvalue()).encode()
    root.handlers[:] = before
    root.setLevel(level)
    log_plainly()


class Played(NamedTuple):
    """The campaign of the run, its people, and the only responses that may contain planted values."""

    campaign: phases.Played
    prizes: list[int]
    people: dict[str, Person | None]
    revealed: httpx.Response
    exported: httpx.Response


class Run:
    """The steps of the run through the API, while the worker runs its whole schedule."""

    def __init__(self, client: httpx.AsyncClient, app_state: AppState, join: Join, database: str) -> None:
        self.client, self.app_state, self.join, self._database = client, app_state, join, database

    @contextlib.asynccontextmanager
    async def sending_by(self, settings: Settings) -> AsyncIterator[None]:
        provider, stop = open_provider(settings), asyncio.Event()
        worlds = WorkerState(self.app_state.pool, self.app_state.redis, self.app_state.keys, provider, None)
        running = asyncio.create_task(work(worlds, self._database, stop))
        try:
            yield
        finally:
            stop.set()
            await running
            await provider.close()

    async def sign_in(self, phone: str, code_of: Callable[[str], str | None]) -> Person:
        assert (await self.client.post("/auth/codes", json={"phone": phone})).status_code == 202
        async with asyncio.timeout(HANG_SECONDS):
            while (code := code_of(phone)) is None:
                await asyncio.sleep(0.02)
        wrong = await self.client.post("/auth/tokens", json={"phone": phone, "code": f"{(int(code) + 1) % 10**6:06}"})
        assert wrong.status_code == 401
        tokens = await self.client.post("/auth/tokens", json={"phone": phone, "code": code})
        return Person(self.client, tokens.json()["access_token"])

    async def receipts(self, fake: Fake, purposes: list[str]) -> None:
        """Waits until the provider has accepted messages with these purposes, then sends their receipts."""
        async with asyncio.timeout(HANG_SECONDS):
            while await self._sent(fake.name) < len(purposes):
                await asyncio.sleep(0.02)
        sent = await self.app_state.pool.fetch("SELECT purpose FROM messages WHERE provider = $1", fake.name)
        assert sorted(row["purpose"] for row in sent) == sorted(purposes)
        for success in (True, False):
            answer = await self.client.post(f"/hooks/sms/{fake.name}/{TOKEN}", json=fake.reports(success=success))
            assert answer.status_code == 200
        delivered = "SELECT count(*) FROM messages WHERE provider = $1 AND state = 'delivered'"
        assert await self.app_state.pool.fetchval(delivered, fake.name) == len(purposes)

    async def _sent(self, provider: str) -> int:
        counted: int = await self.app_state.pool.fetchval(
            "SELECT count(*) FROM messages WHERE provider = $1 AND state = 'sent'", provider
        )
        return counted


def _code_at(fake: Fake) -> Callable[[str], str | None]:
    def code_of(phone: str) -> str | None:
        values = [taken.values for taken in fake.taken if taken.phone.endswith(phone)]
        return None if not values else values[-1]["code"] if fake.name == "aliyun" else values[-1][0]

    return code_of


async def _becomes_of_phone(app_state: AppState, post_id: int, phone: str) -> None:
    """Makes the account that signs in with this phone the author of the post."""
    sub = f"phone:{app_state.keys.person_of(normalise_phone(phone)).hex()}"
    await app_state.pool.execute(
        "UPDATE accounts SET iss = 'feed', sub = $2 WHERE id = (SELECT author_id FROM posts WHERE id = $1)",
        post_id,
        sub,
    )


def _settings_of(fake: Fake, settings: Settings) -> Settings:
    account = {"FEED_DATABASE_URL": "postgresql://x", "FEED_REDIS_URL": "redis://x", "FEED_KEYS_DIR": "/keys"}
    return msgspec.structs.replace(read_settings(account | fake.settings), drand_url="off")


async def _play(run: Run, keys: Keys, settings: Settings) -> Played:
    app_state, join = run.app_state, run.join
    campaign = await phases.settled(app_state.pool, keys)
    for post_id, phone in zip((*campaign.posts[:2], campaign.posts[3]), (BEST, OTHER, LOSER), strict=True):
        await _becomes_of_phone(app_state, post_id, phone)
    editors = [join(name, roles=("editor",)) for name in ("编辑甲", "编辑乙")]
    people: dict[str, Person | None] = {"anonymous": None, "stranger": join("路人", phone=f"+86{STRANGER}")}
    assert people["stranger"] is not None
    address = f"/admin/campaigns/{campaign.id}"

    def in_outbox(phone: str) -> str | None:
        return next((line.params["code"] for line in read_outbox(settings.sms_outbox) if phone in line.phone), None)

    async with run.sending_by(msgspec.structs.replace(settings, drand_url="off")):
        best = people["winner"] = await run.sign_in(BEST, in_outbox)
    prizes = [row["id"] for row in await phases.winners_of(app_state.pool, campaign.id)]
    with faking("aliyun") as fake:
        async with run.sending_by(_settings_of(fake, settings)):
            other = people["other winner"] = await run.sign_in(OTHER, _code_at(fake))
            for editor, status in zip(editors, (202, 200), strict=True):
                assert (await editor("POST", f"{address}/announce")).status_code == status
            await run.receipts(fake, ["sign_in_code", "prize_notice", "prize_notice"])
    await app_state.pool.execute(
        "UPDATE winners SET claim_ends_at = now() + interval '1 day', notified_at = now() - interval '2 days' WHERE id = $1",
        prizes[1],
    )
    with faking("tencent") as fake:
        async with run.sending_by(_settings_of(fake, settings)):
            loser = people["loser"] = await run.sign_in(LOSER, _code_at(fake))
            await run.receipts(fake, ["sign_in_code", "claim_reminder"])

    for person in (best, other, loser, people["stranger"]):
        assert person is not None
        assert (await person("POST", "/posts", {"text": "秋天的书 #读书#"})).status_code == 201
    await _claim(best, other, prizes)
    given = {"text": "第一名刷赞", "post_id": str(campaign.posts[0])}
    assert (await loser("POST", f"/campaigns/{campaign.id}/objections", given)).status_code == 201
    editor = await grant_access(join, campaign.id)
    key = {"headers": {"idempotency-key": "planted-2"}}
    claim, why = f"{address}/claims/{prizes[0]}", {"reason": "寄送"}
    for _ in range(2):
        revealed = await editor("POST", f"{claim}/reveal", why, **key)
        exported = await editor("POST", f"{address}/claims/export", why, **key)
    assert (await editor("POST", f"{claim}/verify")).status_code == 200
    objection = await app_state.pool.fetchval("SELECT id FROM objections")
    answered = await join("编辑丙", roles=("editor",))(
        "POST", f"/admin/objections/{objection}/answer", {"text": "查无此事"}
    )
    assert answered.status_code == 200, answered.text
    await phases.finish(app_state.pool, campaign.id)
    parcel = {"carrier": "顺丰", "tracking_no": "SF1"}
    assert (await editor("PUT", f"{claim}/shipment", parcel)).status_code == 200
    people |= {"editor": editor, "reviewer": join("审核", roles=("reviewer",)), "admin": join("主管", roles=("admin",))}
    return Played(campaign, prizes, people, revealed, exported)


async def _claim(best: Person, other: Person, prizes: list[int]) -> None:
    """Two claims, and every error of a request that contains details."""
    path, form = f"/me/prizes/{prizes[0]}/claim", CLAIMS[0]
    for change in ({"phone": form["phone"] + "x"}, {"privacy_version": ""}, {"address": form["address"] * 20}):
        assert (await best("PUT", path, form | change)).status_code == 422
    assert (await best("PUT", f"/me/prizes/{prizes[1]}/claim", form)).status_code == 403
    torn = msgspec.json.encode(form)[:-9]
    headers = {"content-type": "application/json"}
    assert (await best("PUT", path, headers=headers, content=torn)).status_code == 400
    for _ in range(2):
        claimed = await best("PUT", path, form, headers={"idempotency-key": "planted-1"})
        assert (claimed.status_code, claimed.json()["state"]) == (200, "claimed")
    assert (await other("PUT", f"/me/prizes/{prizes[1]}/claim", CLAIMS[1])).status_code == 200


async def _answers(run: Run, played: Played) -> dict[str, bytes]:
    """The response of every GET of the OpenAPI document to each person."""
    document = (await run.client.get("http://feed.test/openapi.json")).json()
    campaign, app_state = played.campaign, run.app_state
    author = str(await app_state.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[0]))
    comment = str(await make.comment(app_state.pool, campaign.posts[0]))
    ids = {"campaign_id": str(campaign.id), "post_id": str(campaign.posts[0]), "user_id": author, "name": "读书"}
    ids |= {"comment_id": comment, "prize_id": str(played.prizes[0])}
    case = str(await app_state.pool.fetchval("SELECT min(id) FROM cases"))
    ids |= {"kind": "post", "subject_id": ids["post_id"], "case_id": case, "export_id": "1", "media_id": "1"}
    seen: dict[str, bytes] = {}
    for path, item in document["paths"].items():
        if "get" not in item:
            continue
        url = "http://feed.test" + re.sub(r"\{([^}]*)\}", lambda found: ids[found[1]], path)
        for name, person in played.people.items():
            answer = await (run.client.get(url) if person is None else person("GET", url))
            seen[f"GET {path} for {name}"] = _as_bytes(answer)
    good = [name for name, answer in seen.items() if b" 200 " in answer[:20]]
    assert "GET /v1/admin/campaigns/{campaign_id}/claims for editor" in good
    assert "GET /v1/me/prizes/{prize_id} for winner" in good
    seen["/metrics"] = _as_bytes(await run.client.get("http://feed.test/metrics"))
    return seen


def _as_bytes(answer: httpx.Response) -> bytes:
    return f"HTTP {answer.status_code} {dict(answer.headers)}\n".encode() + answer.content


async def test_planted_details_occur_only_in_the_responses_that_show_them(
    client: httpx.AsyncClient,
    app_state: AppState,
    keys: Keys,
    join: Join,
    database: str,
    settings: Settings,
    tmp_path: Path,
    written: Callable[[], bytes],
) -> None:
    run = Run(client, app_state, join, database)
    played = await _play(run, keys, settings)

    places: dict[str, bytes] = await _answers(run, played)
    places |= {f"table {name}": held for name, held in (await tables_of(database)).items()}
    assert {"table public.idempotency_keys", "table jobs.pgqueuer_log"} <= places.keys()
    # Partitions are read, their parent holds nothing of its own.
    assert any(held and name.startswith("table public.audit_2") for name, held in places.items())
    places |= files_below(tmp_path, but=settings.sms_outbox)
    places |= {"pg_dump": await dumped(database), "Redis": await saved(app_state.redis), "logs": written()}
    servers = Path(str((await app_state.redis.config_get("dir"))["dir"])).parent / "log"
    places |= files_below(servers, but=servers)

    assert found_in(places.items(), PLANTED) == []
    # Positive control: permitted responses contain the values, and the search finds them in unencrypted places.
    shown = {"revealed": played.revealed.content, "exported": played.exported.content}
    shown["outbox"] = settings.sms_outbox.read_bytes()
    seen = {where: {word for place, word in found_in(shown.items(), PLANTED) if place == where} for where in shown}
    first, second = ({claim["recipient_name"], claim["phone"], claim["address"][9:]} for claim in CLAIMS)
    assert seen == {"revealed": first, "exported": first | second, "outbox": {BEST}}
    # The search also finds known content in each of the other places.
    title = await app_state.pool.fetchval("SELECT draft ->> 'title' FROM campaigns")
    known = {
        "logs": ("message sent", '"level": "debug"'),
        # Worker and API share the metrics registry: metrics of messages are there.
        "/metrics": ("prize_notice", "feed_requests_total"),
        "pg_dump": (title, "prize_notice", "\\\\x"),
        "table public.campaigns": (title,),
        "table public.messages": ("prize_notice",),
        "Redis": ("feed:",),
        f"names of files below {tmp_path}": ("outbox", "keys"),
        "GET /v1/campaigns/{campaign_id} for anonymous": (title,),
        "GET /v1/admin/campaigns/{campaign_id}/claims for editor": ("137****1468",),
    }
    for place, words in known.items():
        assert {word for _, word in found_in([(place, places[place])], words)} == {*words}, place


@pytest.mark.parametrize("word", [CLAIMS[0]["recipient_name"], BEST])
async def test_the_search_finds_a_word_in_every_place_and_form(app_state: AppState, database: str, word: str) -> None:
    """The search finds a planted value in each place, including bytes in a separate schema."""
    await app_state.pool.execute("CREATE SCHEMA hidden")
    await app_state.pool.execute("CREATE TABLE hidden.plants (held bytea)")
    for form in sorted(forms_of(word)):
        await app_state.pool.execute("TRUNCATE hidden.plants")
        await app_state.pool.execute("INSERT INTO hidden.plants VALUES ($1)", b"before " + form + b" after")
        assert found_in((await tables_of(database)).items(), [word]) == [("hidden.plants", word)], form
    await app_state.pool.execute("UPDATE hidden.plants SET held = $1", word.encode())
    assert found_in([("pg_dump", await dumped(database))], [word])
    for text in (f'{{"a":"{word}"}}', f"x{word}", f"xy{word}", f"xyz{word}"):
        letters = base64.urlsafe_b64encode(text.encode())
        assert found_in([("letters", letters)], [word]), text
    await app_state.redis.rpush("plants", word, "x")
    assert found_in([("Redis", await saved(app_state.redis))], [word])
