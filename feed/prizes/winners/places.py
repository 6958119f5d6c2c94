"""What has to happen together when a place is filled or told. Called inside a transaction that holds the campaign."""

from collections.abc import Sequence

from feed.accounts import store as accounts
from feed.accounts.phone import phone_of
from feed.campaigns.claim_deadline import claim_deadline
from feed.campaigns.lifecycle_store import PublishedCampaign
from feed.campaigns.model import Rules
from feed.inbox import store as inbox
from feed.keys.signatures import sign_document
from feed.keys.store import Keys
from feed.postgres import Connection
from feed.prizes import notices
from feed.prizes import winner_store as store
from feed.prizes.model import Place, Winner, WinnerId
from feed.prizes.notices import notice_key, reminder_key
from feed.prizes.result.amendment import build_change
from feed.prizes.winners import amendment_store as amendments_store
from feed.sms import store as messages
from feed.sms.model import Purpose


async def notify_winners(
    conn: Connection, keys: Keys, campaign: PublishedCampaign, rules: Rules, winner_ids: Sequence[WinnerId]
) -> list[Winner]:
    """Starts the clock of each claim, with the notice that says so and a message to the phone: all of it or nothing."""
    now = await amendments_store.get_clock(conn)
    told = await store.mark_notified(conn, winner_ids, at=now, claim_ends_at=claim_deadline(rules, now))
    await inbox.add_inbox(conn, [notices.of_prize(winner, campaign.title) for winner in told])
    for winner in told:
        assert winner.claim_ends_at is not None
        account = await accounts.find_account(conn, winner.account_id)
        phone = None if account is None else phone_of(account, keys)
        if phone is None:
            continue
        await messages.enqueue(
            conn,
            keys=keys,
            purpose=Purpose.PRIZE_NOTICE,
            phone=phone,
            params={"campaign": campaign.title, "date": notices.format_time(winner.claim_ends_at)},
            once_key=notice_key(winner.id),
            account_id=winner.account_id,
            campaign_id=winner.campaign_id,
            expires_at=winner.claim_ends_at,
        )
    return told


async def discard_claims(conn: Connection, winner_ids: Sequence[WinnerId]) -> None:
    """Whose place has ended is written to no more, and what they have told of themselves goes."""
    await store.remove_claims(conn, winner_ids)
    await messages.withdraw(conn, [key(winner_id) for winner_id in winner_ids for key in (notice_key, reminder_key)])


async def fill_place(
    conn: Connection, keys: Keys, campaign: PublishedCampaign, rules: Rules, gone: Winner
) -> WinnerId | None:
    """Signs what has become of the place that `gone` has left, and moves the next in line to it.

    None where it stays empty: nobody is left, or the rules void what is not claimed. Before the announcement nobody is
    told; after it, the new winner is told at once.
    """
    assert campaign.result_salt is not None
    await discard_claims(conn, [gone.id])
    left = await store.get_place(conn, gone.id)
    link = await amendments_store.get_chain_head(conn, gone.settlement_id)
    line = await store.list_candidates(conn, gone.settlement_id)
    change, reserve = build_change(
        link,
        gone,
        left,
        line,
        refill=gone.state != "lapsed" or rules.unclaimed == "next_reserve",
        salt=campaign.result_salt,
        at=await amendments_store.get_clock(conn),
    )
    winner_id = None
    if reserve is not None:
        await store.mark_promoted(conn, gone.settlement_id, reserve.position)
        place = Place(
            place=gone.place,
            rank=reserve.rank,
            post_id=reserve.post_id,
            account_id=reserve.account_id,
            person=reserve.person,
            score=reserve.score,
            prizes=gone.prizes,
        )
        (winner_id,) = await store.add_winners(conn, gone.campaign_id, gone.settlement_id, [place])
    document = sign_document(change, keys.sign)
    await amendments_store.add_amendment(conn, change, document, gone=gone, successor_id=winner_id)
    if winner_id is not None and campaign.announced_by is not None:
        await notify_winners(conn, keys, campaign, rules, [winner_id])
    return winner_id
