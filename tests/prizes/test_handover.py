"""From the claim to the prize in hand, and the end of the winners' details: every move, every refusal, and who comes twice."""

import asyncio
import csv
import io
from typing import Any

import msgspec
import pytest

from feed.accounts.model import AccountId
from feed.campaigns.refusals import SecondPersonRequired
from feed.errors import Invalid
from feed.keys import KeyDestroyed, Keys
from feed.postgres import Pool
from feed.prizes.access import grant_access
from feed.prizes.announcing import announce_winners, finish_next_objections
from feed.prizes.claim import ClaimForm
from feed.prizes.claiming import claim_prize, lapse_next_claim, reveal_claim
from feed.prizes.codes import add_codes, show_codes
from feed.prizes.export import export_claims
from feed.prizes.handover import decline_prize, receive_prize, ship_prize, verify_claim
from feed.prizes.model import (
    ClaimAccessRequired,
    ClaimClosed,
    ClaimNotFound,
    CodesMissing,
    CodesShown,
    NotYourPrize,
    PrizeNotFound,
    WinnerId,
    WrongPrizeState,
)
from feed.prizes.shredding import Retention, Shredded, canonical, forget_next_archive, shred_next_campaign
from feed.screens.stuck import list_stuck
from feed.signatures import Signature, is_signed
from tests import make
from tests.prizes import stage

CODE = {"name": "听书月卡", "kind": "code", "per_winner": 1, "value_cny": "30"}
NO_FIELDS = ClaimForm(privacy_version="1")
PLANTED = ("吴秀兰", "13800100100", "红荔路2001号")


class Won:
    """The best winner of an announced campaign, an editor, and how far the prize is."""

    def __init__(self, pool: Pool, keys: Keys, campaign: int, winner: Any, editor: AccountId) -> None:
        self.pool, self.keys, self.campaign, self.editor = pool, keys, campaign, editor
        self.id, self.account = WinnerId(winner["id"]), AccountId(winner["account_id"])

    async def claim(self, form: ClaimForm = stage.FORM) -> None:
        await claim_prize(self.pool, self.keys, self.account, self.id, form)

    async def verify(self) -> None:
        await verify_claim(self.pool, self.campaign, self.id, by=self.editor)

    async def ship(self, tracking_no: str = "SF1234567890") -> None:
        await ship_prize(self.pool, self.campaign, self.id, by=self.editor, carrier="顺丰", tracking_no=tracking_no)

    async def receive(self) -> None:
        await receive_prize(self.pool, self.account, self.id)

    async def decline(self) -> None:
        await decline_prize(self.pool, self.keys, self.account, self.id)

    async def state(self) -> str:
        state: str = await self.pool.fetchval("SELECT state FROM winners WHERE id = $1", self.id)
        return state


@pytest.fixture
async def won(pool: Pool, keys: Keys) -> Won:
    campaign = await stage.announced(pool, keys)
    best, _ = await stage.winners_of(pool, campaign.id)
    return Won(pool, keys, campaign.id, best, await make.person(pool, role="editor"))


async def coded(pool: Pool, keys: Keys, *, stock: int = 3) -> Won:
    campaign = await stage.settled(pool, keys, prizes=[CODE])
    editors = [await make.person(pool, role="editor") for _ in range(2)]
    if stock:
        said = await add_codes(pool, keys, campaign.id, 1, [f"CODE-{n}" for n in range(stock)], by=editors[0])
        assert (said.added, said.stock, said.needed) == (stock, stock, 2)
    for editor in editors:
        await announce_winners(pool, keys, campaign.id, by=editor)
    best, _ = await stage.winners_of(pool, campaign.id)
    return Won(pool, keys, campaign.id, best, editors[0])


async def test_the_way_of_goods(won: Won) -> None:
    await won.claim()
    await won.verify()
    await won.ship()
    assert await won.state() == "shipped"
    await won.receive()
    assert await won.state() == "received"
    await won.receive()  # Said twice is said once.
    told = await won.pool.fetchval("SELECT count(*) FROM inbox WHERE once_key LIKE 'shipped:%'")
    assert told == 1
    done = [
        row["action"]
        for row in await won.pool.fetch("SELECT action FROM audit WHERE subject_id = $1 ORDER BY id", won.id)
    ]
    assert done == ["claim", "verify_claim", "ship_prize", "prize_received"]


async def test_a_parcel_is_corrected_and_told_anew_and_the_same_one_is_told_once(won: Won) -> None:
    await won.claim()
    await won.verify()
    for number in ("SF1", "SF1", "SF2"):
        await won.ship(number)
    assert await won.pool.fetchval("SELECT tracking_no FROM shipments WHERE winner_id = $1", won.id) == "SF2"
    assert await won.pool.fetchval("SELECT count(*) FROM inbox WHERE once_key LIKE 'shipped:%'") == 2


@pytest.mark.parametrize(
    ("before", "refused"),
    [
        ((), ("verify", "ship", "receive")),
        (("claim",), ("ship", "receive")),
        (("claim", "verify"), ("verify", "receive", "decline")),
        (("claim", "verify", "ship"), ("verify", "decline")),
        (("claim", "verify", "ship", "receive"), ("verify", "ship", "decline")),
        (("decline",), ("verify", "ship", "receive")),
    ],
)
async def test_nothing_is_skipped_and_nothing_goes_back(
    won: Won, before: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    for step in before:
        await getattr(won, step)()
    state = await won.state()
    for step in refused:
        with pytest.raises(WrongPrizeState):
            await getattr(won, step)()
    assert await won.state() == state
    if "verify" in before or "decline" in before:
        with pytest.raises(ClaimClosed):
            await won.claim()


async def test_who_declines_is_forgotten_and_the_next_in_line_is_told(won: Won) -> None:
    await won.claim()
    await won.decline()
    await won.decline()
    assert await won.pool.fetchval("SELECT count(*) FROM claims") == 0
    winners = await stage.winners_of(won.pool, won.campaign)
    assert [(row["place"], row["state"]) for row in winners] == [(1, "declined"), (1, "notified"), (2, "notified")]
    amended = await won.pool.fetchval("SELECT document FROM amendments")
    assert msgspec.json.decode(amended)["reason"] == "declined"


async def test_two_ways_to_leave_at_once_fill_the_place_once(won: Won) -> None:
    await won.pool.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE id = $1", won.id)
    done = await asyncio.gather(
        won.decline(), lapse_next_claim(won.pool, won.keys), won.decline(), return_exceptions=True
    )
    assert not [each for each in done if isinstance(each, Exception) and not isinstance(each, WrongPrizeState)]
    winners = await stage.winners_of(won.pool, won.campaign)
    assert sorted(row["place"] for row in winners if row["state"] == "notified") == [1, 2]
    assert len(winners) == 3


async def test_strangers_move_nothing(won: Won, pool: Pool) -> None:
    stranger = await make.person(pool)
    await won.claim()
    with pytest.raises(NotYourPrize):
        await decline_prize(pool, won.keys, stranger, won.id)
    with pytest.raises(NotYourPrize):
        await receive_prize(pool, stranger, won.id)
    with pytest.raises(PrizeNotFound):
        await receive_prize(pool, stranger, WinnerId(1))
    elsewhere = (await stage.due(pool)).id
    with pytest.raises(ClaimNotFound):
        await verify_claim(pool, elsewhere, won.id, by=won.editor)
    with pytest.raises(ClaimNotFound):
        await ship_prize(pool, elsewhere, won.id, by=won.editor, carrier="顺丰", tracking_no="1")
    with pytest.raises(Invalid) as refused:
        await ship_prize(pool, won.campaign, won.id, by=won.editor, carrier="", tracking_no="长" * 61)
    assert [(each.field, each.code) for each in refused.value.errors] == [
        ("carrier", "required"),
        ("tracking_no", "too_long"),
    ]
    assert await won.state() == "claimed"


async def test_details_are_read_by_whom_another_person_has_let_in(won: Won, pool: Pool, keys: Keys) -> None:
    await won.claim()
    admin = await make.person(pool, role="admin")
    with pytest.raises(ClaimAccessRequired):
        await reveal_claim(pool, keys, won.campaign, won.id, by=won.editor, reason="寄送")
    with pytest.raises(ClaimAccessRequired):
        await export_claims(pool, keys, won.campaign, by=won.editor, reason="寄送")
    with pytest.raises(SecondPersonRequired):
        await grant_access(pool, won.campaign, admin, by=admin, days=1, reason="自己")
    for days in (0, 31):
        with pytest.raises(Invalid):
            await grant_access(pool, won.campaign, won.editor, by=admin, days=days, reason="寄送")
    await grant_access(pool, won.campaign, won.editor, by=admin, days=1, reason="寄送")
    shown = await reveal_claim(pool, keys, won.campaign, won.id, by=won.editor, reason="寄送")
    assert shown.address == stage.FORM.address
    await pool.execute("UPDATE claim_access SET until = clock_timestamp()")
    with pytest.raises(ClaimAccessRequired):
        await reveal_claim(pool, keys, won.campaign, won.id, by=won.editor, reason="寄送")
    actions = {row["action"] for row in await pool.fetch("SELECT action FROM audit")}
    assert {"grant_claim_access", "reveal_claim"} <= actions


async def test_the_shippers_list_holds_what_is_to_be_sent_and_no_formula(won: Won, pool: Pool, keys: Keys) -> None:
    admin = await make.person(pool, role="admin")
    await grant_access(pool, won.campaign, won.editor, by=admin, days=1, reason="寄送")
    with pytest.raises(ClaimNotFound):
        await export_claims(pool, keys, won.campaign, by=won.editor, reason="寄送")
    await won.claim(msgspec.structs.replace(stage.FORM, recipient_name="=1+1"))
    await won.verify()
    rows = list(
        csv.DictReader(
            io.StringIO((await export_claims(pool, keys, won.campaign, by=won.editor, reason="寄送")).lstrip("\ufeff"))
        )
    )
    assert [(row["收件人"], row["手机号"].strip(), row["地址"], row["已核验"]) for row in rows] == [
        ("'=1+1", "+8613800100100", stage.FORM.address, "是")
    ]
    await won.ship()
    with pytest.raises(ClaimNotFound):
        await export_claims(pool, keys, won.campaign, by=won.editor, reason="寄送")


async def test_a_code_is_the_winners_alone_and_shown_for_a_day(pool: Pool, keys: Keys) -> None:
    won = await coded(pool, keys)
    with pytest.raises(WrongPrizeState):
        await show_codes(pool, keys, won.account, won.id)
    await won.claim(NO_FIELDS)
    first = await show_codes(pool, keys, won.account, won.id)
    assert [each.prize for each in first] == ["听书月卡"]
    assert await show_codes(pool, keys, won.account, won.id) == first
    assert await won.state() == "received"
    with pytest.raises(NotYourPrize):
        await show_codes(pool, keys, won.editor, won.id)
    await pool.execute("UPDATE prize_codes SET shown_at = shown_at - interval '2 days' WHERE winner_id IS NOT NULL")
    with pytest.raises(CodesShown):
        await show_codes(pool, keys, won.account, won.id)
    assert await pool.fetchval("SELECT count(*) FROM prize_codes WHERE winner_id IS NOT NULL") == 1


async def test_one_who_asks_twice_at_once_has_one_code(pool: Pool, keys: Keys) -> None:
    won = await coded(pool, keys)
    await won.claim(NO_FIELDS)
    shown = await asyncio.gather(*(show_codes(pool, keys, won.account, won.id) for _ in range(4)))
    assert len({each[0].code for each in shown}) == 1
    assert await pool.fetchval("SELECT count(*) FROM prize_codes WHERE winner_id IS NOT NULL") == 1


async def test_fewer_codes_than_winners_are_not_announced(pool: Pool, keys: Keys) -> None:
    campaign = await stage.settled(pool, keys, prizes=[CODE])
    first, second = [await make.person(pool, role="editor") for _ in range(2)]
    await add_codes(pool, keys, campaign.id, 1, ["A"], by=first)
    await announce_winners(pool, keys, campaign.id, by=first)
    with pytest.raises(CodesMissing) as refused:
        await announce_winners(pool, keys, campaign.id, by=second)
    assert (refused.value.params["stock"], refused.value.params["needed"]) == (1, 2)
    async with pool.acquire() as conn:
        assert [each.kind for each in await list_stuck(conn, kept_days=90)] == ["codes_missing"]
    said = await add_codes(pool, keys, campaign.id, 1, ["A", "B", "B", " B "], by=first)
    assert (said.added, said.known, said.stock) == (1, 1, 2)
    assert await announce_winners(pool, keys, campaign.id, by=second) == "announced"


async def test_codes_that_cannot_be_are_refused_by_their_place(pool: Pool, keys: Keys) -> None:
    campaign = await stage.settled(pool, keys, prizes=[stage.PRIZE, CODE])
    editor = await make.person(pool, role="editor")
    for number in (0, 1, 3):
        with pytest.raises(PrizeNotFound):
            await add_codes(pool, keys, campaign.id, number, ["A"], by=editor)
    for codes, field in (([], "codes"), (["A", ""], "codes[1]"), (["长" * 201], "codes[0]"), (["A"] * 5001, "codes")):
        with pytest.raises(Invalid) as refused:
            await add_codes(pool, keys, campaign.id, 2, codes, by=editor)
        assert refused.value.errors[0].field == field
    sealed = await pool.fetchval("SELECT count(*) FROM prize_codes")
    assert sealed == 0


async def _final(won: Won, *, days: int) -> None:
    await won.pool.execute("UPDATE campaigns SET objections_end_at = clock_timestamp() WHERE id = $1", won.campaign)
    assert await finish_next_objections(won.pool)
    await won.pool.execute(
        "UPDATE campaigns SET final_at = final_at - make_interval(days => $2) WHERE id = $1", won.campaign, days
    )


async def test_the_key_is_destroyed_when_its_time_is_over_and_no_prize_is_on_its_way(won: Won, keys: Keys) -> None:
    retention = Retention()
    await won.claim()
    await _final(won, days=91)
    # One is claimed and not sent, the other one may still be claimed.
    assert not await shred_next_campaign(won.pool, keys, retention)
    async with won.pool.acquire() as conn:
        assert "key_overdue" not in {each.kind for each in await list_stuck(conn, kept_days=91)}
        assert "key_overdue" in {each.kind for each in await list_stuck(conn, kept_days=30)}
    await won.verify()
    await won.ship()
    await won.pool.execute("UPDATE winners SET state = 'lapsed' WHERE state = 'notified'")
    assert await shred_next_campaign(won.pool, keys, retention)
    assert not await shred_next_campaign(won.pool, keys, retention)

    with pytest.raises(KeyDestroyed):
        keys.campaign_key(won.campaign, create=True)
    admin = await make.person(won.pool, role="admin")
    await grant_access(won.pool, won.campaign, won.editor, by=admin, days=1, reason="查询")
    with pytest.raises(ClaimNotFound):
        await reveal_claim(won.pool, keys, won.campaign, won.id, by=won.editor, reason="查询")
    row = await won.pool.fetchrow("SELECT sealed, masked FROM claims WHERE winner_id = $1", won.id)
    assert row is not None
    assert row["sealed"] is None
    assert row["masked"]["recipient_name"] == "吴**"
    assert await won.pool.fetchval("SELECT state FROM campaigns WHERE id = $1", won.campaign) == "archived"

    receipt = msgspec.json.decode(await won.pool.fetchval("SELECT receipt FROM shreddings"))
    signature = msgspec.convert(receipt.pop("signature"), Signature)
    shredded = msgspec.convert(receipt, Shredded)
    assert (shredded.claims, shredded.codes) == (1, 0)
    assert shredded.backups_until > shredded.shredded_at
    assert is_signed(canonical(shredded), signature, [keys.signing_key()])
    changed = msgspec.structs.replace(shredded, claims=0)
    assert not is_signed(canonical(changed), signature, [keys.signing_key()])


async def test_an_interrupted_destruction_is_finished(won: Won, keys: Keys) -> None:
    await won.claim()
    await won.verify()
    await won.ship()
    await won.pool.execute("UPDATE winners SET state = 'lapsed' WHERE state = 'notified'")
    await _final(won, days=91)
    keys.destroy_campaign_key(won.campaign)  # As far as a worker came that was killed before its commit.
    admin = await make.person(won.pool, role="admin")
    await grant_access(won.pool, won.campaign, won.editor, by=admin, days=1, reason="查询")
    with pytest.raises(ClaimNotFound):
        await reveal_claim(won.pool, keys, won.campaign, won.id, by=won.editor, reason="查询")
    done = await asyncio.gather(*(shred_next_campaign(won.pool, keys, Retention()) for _ in range(3)))
    assert sum(done) == 1
    assert await won.pool.fetchval("SELECT count(*) FROM shreddings") == 1


async def test_masked_records_go_after_two_years(won: Won, keys: Keys) -> None:
    await test_an_interrupted_destruction_is_finished(won, keys)
    assert not await forget_next_archive(won.pool)
    await won.pool.execute("UPDATE shreddings SET archive_until = clock_timestamp()")
    assert await forget_next_archive(won.pool)
    assert not await forget_next_archive(won.pool)
    assert await won.pool.fetchval("SELECT count(*) FROM claims") == 0


async def test_what_winners_say_stands_nowhere_in_clear(won: Won, keys: Keys) -> None:
    await won.claim()
    await won.verify()
    await won.ship()
    tables = [
        row["tablename"]
        for row in await won.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname IN ('public', 'jobs')")
    ]
    for table in tables:
        where = "jobs." if table.startswith("pgqueuer") else ""
        for row in await won.pool.fetch(f"SELECT t::text AS line FROM {where}{table} AS t"):
            assert not [word for word in PLANTED if word in row["line"]], (table, row["line"])
