"""Claims, codes and fulfilment of prizes, access to claims, and shredding: states, errors, retries and races."""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import pytest

from feed.accounts.model import AccountId, SecondPersonRequired
from feed.campaigns.cancellation import cancel_campaign
from feed.errors import Invalid
from feed.idempotency import IdempotencyKeyReused, idempotent_transaction, keyed_request
from feed.inbox import store as inbox
from feed.keys.signatures import Signature, canonical, is_signed
from feed.keys.store import KeyDestroyed, Keys
from feed.postgres import Pool, transaction
from feed.prizes import winner_store
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.announcement.replace_winner import replace_winner
from feed.prizes.announcement.undo_settlement import undo_settlement
from feed.prizes.claims import store as claims_store
from feed.prizes.claims.access import grant_access
from feed.prizes.claims.actions import claim_prize, reveal_claim
from feed.prizes.claims.codes import ShownCode, add_codes, show_codes
from feed.prizes.claims.export import export_claims
from feed.prizes.claims.form import ClaimForm
from feed.prizes.claims.fulfilment import decline_prize, hand_over_prize, receive_prize, ship_prize, verify_claim
from feed.prizes.claims.shredding import (
    Retention,
    ShreddingRecord,
    remove_next_archive,
    remove_next_delivery_data,
    shred_next_campaign,
)
from feed.prizes.model import (
    ClaimAccessRequired,
    ClaimClosed,
    ClaimNotFound,
    CodesMissing,
    CodesShown,
    NotYourPrize,
    PrizeNotFinal,
    PrizeNotFound,
    WinnerId,
    WrongPrizeState,
)
from feed.prizes.objections.actions import answer_objection, object_to_result
from feed.prizes.winners.expiry import forfeit_next_prize, lapse_next_claim
from feed.screens.prizes.overdue import list_overdue
from feed.screens.prizes.retention import RetainedCampaign, list_retained
from feed.sms.manual_resolution import retry_message
from feed.sms.model import MessageId, MessageTooLate
from tests.support import make, phases
from tests.support.notices import said

CODE = {"name": "听书月卡", "kind": "code", "per_winner": 1, "value_cny": "30"}
NO_FIELDS = ClaimForm(privacy_version="1")


class Won:
    """The winner of the first place, an editor, and actions on the prize."""

    def __init__(self, pool: Pool, keys: Keys, campaign: int, winner: Any, editor: AccountId) -> None:
        self.pool, self.keys, self.campaign, self.editor = pool, keys, campaign, editor
        self.id, self.account = WinnerId(winner["id"]), AccountId(winner["account_id"])

    async def claim(self, form: ClaimForm = phases.FORM) -> None:
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

    async def hand_over(self) -> None:
        await hand_over_prize(self.pool, self.campaign, self.id, by=self.editor, reason="现场领取")

    async def age(self, days: int) -> None:
        await self.pool.execute(
            "UPDATE campaigns SET final_at = now() - make_interval(days => $2) WHERE id = $1", self.campaign, days
        )

    async def codes(self) -> list[ShownCode]:
        return await show_codes(self.pool, self.keys, self.account, self.id)


@pytest.fixture
async def notified(pool: Pool, keys: Keys) -> Won:
    """A winner in the objection period."""
    campaign = await phases.announced(pool, keys)
    best, _ = await phases.winners_of(pool, campaign.id)
    return Won(pool, keys, campaign.id, best, await make.person(pool, role="editor"))


@pytest.fixture
async def won(notified: Won) -> Won:
    """A winner after the objection period."""
    await phases.finish(notified.pool, notified.campaign)
    return notified


async def won_codes(pool: Pool, keys: Keys, *, prizes: Sequence[dict[str, Any]] = (CODE,), final: bool = True) -> Won:
    number = len(prizes)
    campaign = await phases.settled(pool, keys, prizes=list(prizes))
    editors = [await make.person(pool, role="editor") for _ in range(2)]
    stock = await add_codes(pool, keys, campaign.id, number, [f"CODE-{n}" for n in range(3)], by=editors[0])
    assert (stock.added, stock.stock, stock.needed) == (3, 3, 2)
    for editor in editors:
        await announce_winners(pool, keys, campaign.id, by=editor)
    if final:
        await phases.finish(pool, campaign.id)
    best, _ = await phases.winners_of(pool, campaign.id)
    return Won(pool, keys, campaign.id, best, editors[0])


async def test_goods_are_claimed_verified_shipped_and_received(won: Won) -> None:
    await won.claim()
    await won.verify()
    await won.ship()
    assert await won.state() == "shipped"
    await won.receive()
    assert await won.state() == "received"
    await won.receive()  # A second time changes nothing.
    notified = await won.pool.fetchval("SELECT count(*) FROM inbox WHERE once_key LIKE 'shipped:%'")
    assert notified == 1
    done = [
        row["action"]
        for row in await won.pool.fetch("SELECT action FROM audit WHERE subject_id = $1 ORDER BY id", won.id)
    ]
    assert done == ["claim", "verify_claim", "ship_prize", "prize_received"]


async def test_a_corrected_shipment_is_notified_again_and_an_equal_one_is_not(won: Won) -> None:
    await won.claim()
    await won.verify()
    for number in ("SF1", "SF1", "SF2"):
        await won.ship(number)
    assert await won.pool.fetchval("SELECT tracking_no FROM shipments WHERE winner_id = $1", won.id) == "SF2"
    assert await won.pool.fetchval("SELECT count(*) FROM inbox WHERE once_key LIKE 'shipped:%'") == 2


@pytest.mark.parametrize(
    ("before", "rejected"),
    [
        ((), ("verify", "ship", "receive", "hand_over")),
        (("claim",), ("ship", "receive")),
        (("claim", "verify"), ("verify", "receive", "decline")),
        (("claim", "verify", "ship"), ("verify", "decline")),
        (("claim", "verify", "ship", "receive"), ("verify", "ship", "decline")),
        (("claim", "hand_over"), ("verify", "ship", "decline")),
        (("decline",), ("verify", "ship", "receive", "hand_over")),
    ],
)
async def test_states_are_neither_skipped_nor_reverted(
    won: Won, before: tuple[str, ...], rejected: tuple[str, ...]
) -> None:
    for step in before:
        await getattr(won, step)()
    state = await won.state()
    for step in rejected:
        with pytest.raises(WrongPrizeState):
            await getattr(won, step)()
    assert await won.state() == state
    if {"verify", "decline", "hand_over"} & set(before):
        with pytest.raises(ClaimClosed):
            await won.claim()


async def test_no_prize_is_handed_over_in_the_objection_period(notified: Won, pool: Pool, keys: Keys) -> None:
    await notified.claim()
    await notified.verify()
    for step in (notified.ship, notified.receive, notified.hand_over):
        with pytest.raises(PrizeNotFinal):
            await step()
    assert await notified.state() == "verified"
    holder = await won_codes(pool, keys, final=False)
    await holder.claim(NO_FIELDS)
    with pytest.raises(PrizeNotFinal):
        await holder.codes()
    assert await pool.fetchval("SELECT count(*) FROM prize_codes WHERE winner_id IS NOT NULL") == 0
    await pool.execute(
        "UPDATE campaigns SET objections_end_at = now() + interval '1 day' WHERE id = $1", notified.campaign
    )
    await phases.finish(pool, holder.campaign)
    news = await pool.fetch("SELECT account_id FROM inbox WHERE once_key LIKE 'codes:%'")
    assert [row["account_id"] for row in news] == [holder.account]
    assert [each.title for each in await said(pool, "codes:%")] == ["你的奖品码可以查看了"]
    assert len(await holder.codes()) == 1


async def test_a_claim_does_not_lapse_in_the_objection_period(notified: Won) -> None:
    await notified.claim()
    await notified.pool.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE id = $1", notified.id)
    assert not await lapse_next_claim(notified.pool, notified.keys)
    assert await notified.state() == "claimed"


async def test_a_prize_with_a_shown_code_is_neither_declined_nor_forfeited(pool: Pool, keys: Keys) -> None:
    won = await won_codes(pool, keys, prizes=[phases.PRIZE, CODE])
    await won.claim()
    assert len(await won.codes()) == 1
    assert await won.state() == "claimed"
    with pytest.raises(WrongPrizeState):
        await won.decline()
    await pool.execute("UPDATE posts SET state = 'deleted', deleted_at = now() WHERE author_id = $1", won.account)
    assert not await forfeit_next_prize(pool, keys)
    await won.verify()
    assert await pool.fetchval("SELECT count(*) FROM amendments") == 0


async def test_a_ticket_is_handed_over_by_an_editor_and_its_claim_shredded(pool: Pool, keys: Keys) -> None:
    ticket = {"name": "音乐会门票", "kind": "ticket", "per_winner": 1, "value_cny": "80", "place": "图书馆"}
    campaign = await phases.announced(pool, keys, prizes=[ticket])
    await phases.finish(pool, campaign.id, days=91)
    best, other = await phases.winners_of(pool, campaign.id)
    won = Won(pool, keys, campaign.id, best, await make.person(pool, role="editor"))
    await pool.execute("UPDATE winners SET state = 'lapsed' WHERE id = $1", other["id"])
    await won.claim(msgspec.structs.replace(phases.FORM, address=""))
    assert not await shred_next_campaign(pool, keys, Retention())
    with pytest.raises(Invalid):
        await hand_over_prize(pool, campaign.id, won.id, by=won.editor, reason="")
    await won.hand_over()
    await won.hand_over()
    done = await pool.fetch("SELECT detail FROM audit WHERE action = 'hand_over_prize'")
    assert [row["detail"] for row in done] == [{"reason": "现场领取"}]
    assert await shred_next_campaign(pool, keys, Retention())


async def test_claims_are_shredded_at_the_latest_with_unfulfilled_prizes(won: Won, keys: Keys) -> None:
    await won.claim()
    await won.verify()
    await won.age(179)
    assert not await shred_next_campaign(won.pool, keys, Retention())
    await won.age(181)
    assert await shred_next_campaign(won.pool, keys, Retention())
    with pytest.raises(KeyDestroyed):
        keys.campaign_key(won.campaign)


async def test_a_claim_is_accepted_until_its_deadline(notified: Won) -> None:
    await notified.pool.execute(
        "UPDATE winners SET claim_ends_at = clock_timestamp() + interval '1 second' WHERE id = $1", notified.id
    )
    await notified.claim()
    await notified.pool.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE id = $1", notified.id)
    with pytest.raises(ClaimClosed):
        await notified.claim()
    assert await notified.state() == "claimed"


@pytest.mark.parametrize("first", ["claim", "lapse"])
async def test_of_a_claim_and_a_concurrent_lapse_one_succeeds(
    notified: Won, pool: Pool, keys: Keys, first: str
) -> None:
    # The transaction that holds the row lock at the deadline succeeds; the other one checks the state again.
    await pool.execute(
        "UPDATE winners SET claim_ends_at = clock_timestamp() + interval '300 ms' WHERE id = $1", notified.id
    )
    holder = await pool.acquire()
    held = holder.transaction()
    await held.start()
    if first == "claim":
        assert await claims_store.mark_claimed(holder, notified.id)
        await asyncio.sleep(0.4)
        waiting = asyncio.create_task(_lapse(pool, notified))
    else:
        await holder.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE id = $1", notified.id)
        assert await winner_store.mark_lapsed(holder, notified.id) is not None
        waiting = asyncio.create_task(notified.claim())
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await held.commit()
    await pool.release(holder)
    if first == "claim":
        assert await waiting is None
        assert await notified.state() == "claimed"
    else:
        with pytest.raises(ClaimClosed):
            await waiting
        assert await notified.state() == "lapsed"
        assert await pool.fetchval("SELECT count(*) FROM claims") == 0


async def _lapse(pool: Pool, won: Won) -> Any:
    async with transaction(pool) as conn:
        return await winner_store.mark_lapsed(conn, won.id)


async def test_declining_removes_the_claim_and_notifies_the_next_reserve(won: Won) -> None:
    await won.claim()
    await won.decline()
    await won.decline()
    assert await won.pool.fetchval("SELECT count(*) FROM claims") == 0
    winners = await phases.winners_of(won.pool, won.campaign)
    assert [(row["place"], row["state"]) for row in winners] == [(1, "declined"), (1, "notified"), (2, "notified")]
    amended = await won.pool.fetchval("SELECT document FROM amendments")
    assert msgspec.json.decode(amended)["reason"] == "declined"


async def enqueue_messages(pool: Pool, campaign_id: int) -> None:
    """Enqueues the messages that winners with known phones get."""
    await pool.execute(
        """
        INSERT INTO messages (purpose, once_key, sealed, campaign_id, expires_at)
        SELECT purpose, once_key || id, '', campaign_id, claim_ends_at
        FROM winners, (VALUES ('prize_notice', 'prize:'), ('claim_reminder', 'claim_deadline:')) AS messages (purpose, once_key)
        WHERE campaign_id = $1
        ON CONFLICT DO NOTHING
        """,
        campaign_id,
    )


async def list_queued(pool: Pool, winner_id: int) -> list[str]:
    rows = await pool.fetch(
        "SELECT once_key FROM messages WHERE state = 'queued' AND once_key LIKE '%:' || $1::text ORDER BY id",
        str(winner_id),
    )
    return [row["once_key"].split(":")[0] for row in rows]


async def _withdrawn(notified: Won) -> None:
    """Upholds an objection and undoes the settlement."""
    editors = [await make.person(notified.pool, role="editor") for _ in range(3)]
    other = (await phases.winners_of(notified.pool, notified.campaign))[1]
    objection = await object_to_result(
        notified.pool, notified.campaign, by=AccountId(other["account_id"]), text="名单有误"
    )
    await answer_objection(notified.pool, objection, by=editors[0], text="成立", remedy="settle_again")
    await undo_settlement(notified.pool, notified.campaign, by=editors[1], reason="异议成立")


async def _replaced(notified: Won) -> None:
    for _ in range(2):
        await replace_winner(
            notified.pool,
            notified.keys,
            notified.campaign,
            1,
            by=await make.person(notified.pool, role="editor"),
            reason="抄袭",
        )


async def _deleted(notified: Won) -> None:
    await notified.pool.execute(
        "UPDATE posts SET state = 'deleted', deleted_at = now() WHERE author_id = $1", notified.account
    )
    assert await forfeit_next_prize(notified.pool, notified.keys)


async def _lapsed(notified: Won) -> None:
    await notified.pool.execute(
        "UPDATE winners SET state = 'viewed', claim_ends_at = clock_timestamp() WHERE id = $1", notified.id
    )
    assert await lapse_next_claim(notified.pool, notified.keys)


@pytest.mark.parametrize("leave", [Won.decline, _replaced, _deleted, _lapsed, _withdrawn])
async def test_a_lost_prize_withdraws_messages_and_removes_the_claim(
    notified: Won, pool: Pool, keys: Keys, leave: Callable[[Won], Awaitable[None]]
) -> None:
    await notified.claim()
    await enqueue_messages(pool, notified.campaign)
    await leave(notified)
    assert await notified.state() in ("declined", "forfeited", "lapsed")
    assert await list_queued(pool, notified.id) == []
    assert await pool.fetchval("SELECT count(*) FROM claims WHERE winner_id = $1", notified.id) == 0
    await grant_access(
        pool, notified.campaign, notified.editor, by=await make.person(pool, role="admin"), days=1, reason="查询"
    )
    with pytest.raises(ClaimNotFound):
        await reveal_claim(pool, keys, notified.campaign, notified.id, by=notified.editor, reason="查询")
    # Nor can an editor retry the message, which is obsolete.
    message = MessageId(
        await pool.fetchval("SELECT id FROM messages WHERE once_key = 'prize:' || $1::text", str(notified.id))
    )
    await pool.execute("UPDATE messages SET state = 'failed', sending_at = now() WHERE id = $1", message)
    with pytest.raises(MessageTooLate):
        await retry_message(pool, message, by=notified.editor, reason="再发一次")
    if leave is not _withdrawn:
        other = next(row for row in await phases.winners_of(pool, notified.campaign) if row["place"] == 2)
        assert await list_queued(pool, other["id"]) == ["prize", "claim_deadline"]


async def test_a_winner_with_a_claim_is_not_reminded(notified: Won, pool: Pool) -> None:
    await enqueue_messages(pool, notified.campaign)
    await notified.claim()
    assert await list_queued(pool, notified.id) == ["prize"]


async def test_the_key_of_a_cancelled_campaign_is_destroyed(notified: Won, pool: Pool, keys: Keys) -> None:
    await notified.claim()
    await _withdrawn(notified)
    for editor in (notified.editor, await make.person(pool, role="editor")):
        await cancel_campaign(pool, editor, notified.campaign, "名单有误")
    assert [retained.campaign_id for retained in await list_kept(pool)] == [notified.campaign]
    assert await shred_next_campaign(pool, keys, Retention())
    assert not await shred_next_campaign(pool, keys, Retention())
    with pytest.raises(KeyDestroyed):
        keys.campaign_key(notified.campaign, create=True)
    assert await pool.fetchval("SELECT state FROM campaigns WHERE id = $1", notified.campaign) == "cancelled"
    without_winners = await phases.due(pool)
    for editor in (notified.editor, await make.person(pool, role="editor")):
        await cancel_campaign(pool, editor, without_winners.id, "名单有误")
    assert not await shred_next_campaign(pool, keys, Retention())


async def list_kept(pool: Pool) -> list[RetainedCampaign]:
    async with pool.acquire() as conn:
        return await list_retained(conn, days=90)


async def test_concurrent_losses_of_a_place_fill_it_once(won: Won) -> None:
    await won.pool.execute("UPDATE winners SET claim_ends_at = clock_timestamp() WHERE id = $1", won.id)
    done = await asyncio.gather(
        won.decline(), lapse_next_claim(won.pool, won.keys), won.decline(), return_exceptions=True
    )
    assert not [each for each in done if isinstance(each, Exception) and not isinstance(each, WrongPrizeState)]
    winners = await phases.winners_of(won.pool, won.campaign)
    assert sorted(row["place"] for row in winners if row["state"] == "notified") == [1, 2]
    assert len(winners) == 3


async def test_other_accounts_and_campaigns_change_nothing(won: Won, pool: Pool) -> None:
    stranger = await make.person(pool)
    await won.claim()
    with pytest.raises(NotYourPrize):
        await decline_prize(pool, won.keys, stranger, won.id)
    with pytest.raises(NotYourPrize):
        await receive_prize(pool, stranger, won.id)
    with pytest.raises(PrizeNotFound):
        await receive_prize(pool, stranger, WinnerId(1))
    elsewhere = (await phases.due(pool)).id
    with pytest.raises(ClaimNotFound):
        await verify_claim(pool, elsewhere, won.id, by=won.editor)
    with pytest.raises(ClaimNotFound):
        await ship_prize(pool, elsewhere, won.id, by=won.editor, carrier="顺丰", tracking_no="1")
    with pytest.raises(Invalid) as rejected:
        await ship_prize(pool, won.campaign, won.id, by=won.editor, carrier="", tracking_no="长" * 61)
    assert [(each.field, each.code) for each in rejected.value.errors] == [
        ("carrier", "required"),
        ("tracking_no", "too_long"),
    ]
    assert await won.state() == "claimed"


async def test_reading_claims_needs_access_granted_by_another_person(won: Won, pool: Pool, keys: Keys) -> None:
    await won.claim()
    admin = await make.person(pool, role="admin")
    with pytest.raises(ClaimAccessRequired):
        await reveal_claim(pool, keys, won.campaign, won.id, by=won.editor, reason="寄送")
    with pytest.raises(ClaimAccessRequired):
        await export_claims(pool, keys, won.campaign, by=won.editor, reason="寄送")
    with pytest.raises(SecondPersonRequired):
        await grant_access(pool, won.campaign, admin, by=admin, days=1, reason="自己")
    await grant_access(pool, won.campaign, won.editor, by=admin, days=1, reason="寄送")
    shown = await reveal_claim(pool, keys, won.campaign, won.id, by=won.editor, reason="寄送")
    assert shown["address"] == phases.FORM.address
    assert await reveal_claim(pool, keys, won.campaign, won.id, by=won.editor, reason="寄送") == shown
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'reveal_claim'") == 2
    await pool.execute("UPDATE claim_access SET until = clock_timestamp()")
    with pytest.raises(ClaimAccessRequired):
        await reveal_claim(pool, keys, won.campaign, won.id, by=won.editor, reason="寄送")
    actions = {row["action"] for row in await pool.fetch("SELECT action FROM audit")}
    assert {"grant_claim_access", "reveal_claim"} <= actions


async def test_reading_claims_reserves_the_idempotency_key_before_checking_access(
    won: Won, pool: Pool, keys: Keys
) -> None:
    reveal, export = keyed_request("reveal", "k", b"x"), keyed_request("export", "k", b"x")
    for request in (reveal, export):
        async with idempotent_transaction(pool, won.editor, request):
            pass
    other = keyed_request("reveal", "k", b"y")
    with pytest.raises(IdempotencyKeyReused):
        await reveal_claim(pool, keys, won.campaign, won.id, by=won.editor, reason="寄送", request=other)
    with pytest.raises(IdempotencyKeyReused):
        await export_claims(
            pool, keys, won.campaign, by=won.editor, reason="寄送", request=keyed_request("export", "k", b"y")
        )
    # A repeated request needs access as well.
    with pytest.raises(ClaimAccessRequired):
        await reveal_claim(pool, keys, won.campaign, won.id, by=won.editor, reason="寄送", request=reveal)
    with pytest.raises(ClaimAccessRequired):
        await export_claims(pool, keys, won.campaign, by=won.editor, reason="寄送", request=export)


async def test_the_export_contains_unshipped_prizes_and_no_formula(won: Won, pool: Pool, keys: Keys) -> None:
    admin = await make.person(pool, role="admin")
    await grant_access(pool, won.campaign, won.editor, by=admin, days=1, reason="寄送")
    with pytest.raises(ClaimNotFound):
        await export_claims(pool, keys, won.campaign, by=won.editor, reason="寄送")
    await won.claim(msgspec.structs.replace(phases.FORM, recipient_name="=1+1"))
    await won.verify()
    rows = list(
        csv.DictReader(
            io.StringIO((await export_claims(pool, keys, won.campaign, by=won.editor, reason="寄送")).lstrip("\ufeff"))
        )
    )
    assert [(row["收件人"], row["手机号"].strip(), row["地址"], row["已核验"]) for row in rows] == [
        ("'=1+1", "+8613800100100", phases.FORM.address, "是")
    ]
    await won.ship()
    with pytest.raises(ClaimNotFound):
        await export_claims(pool, keys, won.campaign, by=won.editor, reason="寄送")


async def test_codes_are_shown_to_their_winner_for_a_day(pool: Pool, keys: Keys) -> None:
    won = await won_codes(pool, keys)
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


async def test_concurrent_requests_of_a_winner_assign_one_code(pool: Pool, keys: Keys) -> None:
    won = await won_codes(pool, keys)
    await won.claim(NO_FIELDS)
    shown = await asyncio.gather(*(show_codes(pool, keys, won.account, won.id) for _ in range(4)))
    assert len({each[0].code for each in shown}) == 1
    assert await pool.fetchval("SELECT count(*) FROM prize_codes WHERE winner_id IS NOT NULL") == 1


async def test_a_result_with_fewer_codes_than_winners_is_not_announced(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys, prizes=[CODE])
    first, second = [await make.person(pool, role="editor") for _ in range(2)]
    await add_codes(pool, keys, campaign.id, 1, ["A"], by=first)
    await announce_winners(pool, keys, campaign.id, by=first)
    with pytest.raises(CodesMissing) as rejected:
        await announce_winners(pool, keys, campaign.id, by=second)
    assert (rejected.value.params["stock"], rejected.value.params["needed"]) == (1, 2)
    async with pool.acquire() as conn:
        assert [each.kind for each in await list_overdue(conn, kept_days=90)] == ["codes_missing"]
    stock = await add_codes(pool, keys, campaign.id, 1, ["A", "B", "B", " B "], by=first)
    assert (stock.added, stock.known, stock.stock) == (1, 1, 2)
    assert await announce_winners(pool, keys, campaign.id, by=second) == "announced"


async def test_rejected_codes_are_named_by_index(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys, prizes=[phases.PRIZE, CODE])
    editor = await make.person(pool, role="editor")
    for number in (0, 1, 3):
        with pytest.raises(PrizeNotFound):
            await add_codes(pool, keys, campaign.id, number, ["A"], by=editor)
    for codes, field in (([], "codes"), (["A", ""], "codes[1]"), (["长" * 201], "codes[0]")):
        with pytest.raises(Invalid) as rejected:
            await add_codes(pool, keys, campaign.id, 2, codes, by=editor)
        assert rejected.value.errors[0].field == field
    sealed = await pool.fetchval("SELECT count(*) FROM prize_codes")
    assert sealed == 0


async def test_the_key_is_destroyed_after_the_retention_period_if_no_prize_is_unfulfilled(won: Won, keys: Keys) -> None:
    retention = Retention()
    await won.claim()
    await won.age(91)
    # One prize is claimed and not shipped, the other one can still be claimed.
    assert not await shred_next_campaign(won.pool, keys, retention)
    async with won.pool.acquire() as conn:
        assert "key_overdue" not in {each.kind for each in await list_overdue(conn, kept_days=91)}
        assert "key_overdue" in {each.kind for each in await list_overdue(conn, kept_days=30)}
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
    record = msgspec.convert(receipt, ShreddingRecord)
    assert (record.claims, record.codes) == (1, 0)
    assert record.backups_until > record.shredded_at
    assert is_signed(canonical(record), signature, [keys.signing_key()])
    changed = msgspec.structs.replace(record, claims=0)
    assert not is_signed(canonical(changed), signature, [keys.signing_key()])


TRACKING = ("SF1234567890", "YT9988776655")


async def places_of(pool: Pool, texts: Sequence[str]) -> set[str]:
    """The tables of the database, those of the job queue included, in which one of the texts occurs."""
    tables = await pool.fetch(
        """
        SELECT format('%I.%I', table_schema, table_name) AS name
        FROM information_schema.tables
        WHERE table_schema IN ('public', 'jobs') AND table_type = 'BASE TABLE'
        """
    )
    found = set()
    for table in tables:
        rows = "".join(await pool.fetchval(f"SELECT array_agg(t::text) FROM {table['name']} AS t") or ())
        if any(text in rows for text in texts):
            found.add(table["name"])
    return found


async def shipped_twice(won: Won) -> None:
    """With a push that waits; the second tracking number corrects the first."""
    await won.pool.execute("UPDATE push_hook SET served_at = now()")
    await won.claim()
    await won.verify()
    for number in TRACKING:
        await won.ship(number)


async def test_tracking_numbers_are_in_few_places_and_in_none_after_the_shredding(won: Won, keys: Keys) -> None:
    await shipped_twice(won)
    assert await places_of(won.pool, TRACKING) == {"public.shipments", "public.inbox"}
    await won.age(181)

    assert await shred_next_campaign(won.pool, keys, Retention())

    assert await places_of(won.pool, TRACKING) == set()
    assert await won.pool.fetchval("SELECT tracking_no FROM shipments") == "****6655"
    rows = await won.pool.fetch("SELECT id, once_key FROM inbox WHERE once_key LIKE 'shipped:%' ORDER BY id")
    assert [each.body for each in await said(won.pool, "shipped:%")] == ["寄送信息已按规定删除。"] * 2
    # Nor does any other notification change.
    assert len([each for each in await said(won.pool) if each.body == "寄送信息已按规定删除。"]) == 2
    keys_of_pushes = await won.pool.fetch(
        "SELECT once_key FROM pushes WHERE once_key LIKE 'shipped:%' ORDER BY inbox_id"
    )
    assert [row["once_key"] for row in keys_of_pushes] == [row["once_key"] for row in rows]


async def test_tracking_numbers_of_an_earlier_version_leave_later(won: Won, keys: Keys) -> None:
    """Their campaign was shredded when they stayed, and the number was in the notification's key too."""
    await won.age(181)
    assert await shred_next_campaign(won.pool, keys, Retention())
    await won.pool.execute("UPDATE winners SET state = 'shipped' WHERE id = $1", won.id)
    await won.pool.execute(
        """
        INSERT INTO shipments (winner_id, carrier, tracking_no, shipped_by, shipped_at)
        VALUES ($1, '顺丰', $2, $3, now() - interval '31 days')
        """,
        won.id,
        TRACKING[0],
        won.editor,
    )
    await won.pool.execute(
        """
        INSERT INTO inbox (account_id, kind, title, body, once_key, subject)
        VALUES ($1, 'prize', '你的奖品已寄出', '顺丰，单号SF1234567890', 'shipped:SF1234567890:' || $2::bigint, $3)
        """,
        won.account,
        won.id,
        {"kind": "prize", "id": str(won.id), "campaign_id": str(won.campaign)},
    )

    assert await remove_next_delivery_data(won.pool)
    assert not await remove_next_delivery_data(won.pool)

    assert await places_of(won.pool, TRACKING) == set()


async def test_tracking_numbers_of_other_campaigns_stay(won: Won, keys: Keys) -> None:
    await shipped_twice(won)
    assert not await remove_next_delivery_data(won.pool)
    async with transaction(won.pool) as conn:
        await inbox.replace_texts(conn, [won.account], "shipped:", campaign_id=won.campaign + 1, template="prize.codes")
    assert await places_of(won.pool, TRACKING) == {"public.shipments", "public.inbox"}


async def test_an_interrupted_shredding_is_completed(won: Won, keys: Keys) -> None:
    await won.claim()
    await won.verify()
    await won.ship()
    await won.pool.execute("UPDATE winners SET state = 'lapsed' WHERE state = 'notified'")
    await won.age(91)
    keys.destroy_campaign_key(won.campaign)  # The state after a worker was killed before its commit.
    admin = await make.person(won.pool, role="admin")
    await grant_access(won.pool, won.campaign, won.editor, by=admin, days=1, reason="查询")
    with pytest.raises(ClaimNotFound):
        await reveal_claim(won.pool, keys, won.campaign, won.id, by=won.editor, reason="查询")
    done = await asyncio.gather(*(shred_next_campaign(won.pool, keys, Retention()) for _ in range(3)))
    assert sum(done) == 1
    assert await won.pool.fetchval("SELECT count(*) FROM shreddings") == 1


async def test_masked_records_are_removed_after_the_archive_period(won: Won, keys: Keys) -> None:
    await test_an_interrupted_shredding_is_completed(won, keys)
    assert not await remove_next_archive(won.pool)
    await won.pool.execute("UPDATE shreddings SET archive_until = clock_timestamp()")
    assert await remove_next_archive(won.pool)
    assert not await remove_next_archive(won.pool)
    assert await won.pool.fetchval("SELECT count(*) FROM claims") == 0
