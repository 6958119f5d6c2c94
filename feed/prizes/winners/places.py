"""Filling and vacating places, with notifications and amendments. Callers hold a transaction and a lock on the campaign."""

from collections.abc import Sequence

from feed.accounts import approval_store
from feed.accounts import store as accounts
from feed.accounts.phone import phone_of
from feed.campaigns.claim_deadline import claim_deadline
from feed.campaigns.lifecycle_store import PublishedCampaign
from feed.campaigns.model import Rules
from feed.inbox import store as inbox
from feed.keys.signatures import sign_document
from feed.keys.store import Keys
from feed.postgres import Connection
from feed.prizes import notices, winner_store
from feed.prizes.model import Place, Winner, WinnerId
from feed.prizes.notices import notice_key, reminder_key
from feed.prizes.result.amendment import build_change
from feed.prizes.winners import amendment_store
from feed.sms import store as messages
from feed.sms.model import Purpose


async def notify_winners(
    conn: Connection, keys: Keys, campaign: PublishedCampaign, rules: Rules, winner_ids: Sequence[WinnerId]
) -> list[Winner]:
    """Notifies winners in the app and by SMS, and sets their claim deadlines. Returns the winners notified now, by place."""
    now = await amendment_store.get_clock(conn)
    notified = await winner_store.mark_notified(conn, winner_ids, at=now, claim_ends_at=claim_deadline(rules, now))
    await inbox.add_notifications(conn, [notices.of_prize(winner, campaign) for winner in notified])
    for winner in notified:
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
    return notified


async def discard_claims(conn: Connection, winner_ids: Sequence[WinnerId]) -> None:
    """Removes the claims of winners who lost their places, and withdraws their pending SMS."""
    await winner_store.remove_claims(conn, winner_ids)
    await messages.withdraw(conn, [key(winner_id) for winner_id in winner_ids for key in (notice_key, reminder_key)])


async def fill_place(
    conn: Connection, keys: Keys, campaign: PublishedCampaign, rules: Rules, former: Winner
) -> WinnerId | None:
    """Moves the next reserve to the place that `former` lost, and signs the amendment. Returns the new winner's id.

    None where the place stays empty: no reserve is left, or the rules void unclaimed prizes. After the announcement the
    new winner is notified in the same transaction.
    """
    assert campaign.result_salt is not None
    await discard_claims(conn, [former.id])
    # Given for another list of winners.
    await approval_store.remove_approvals(conn, "announce", campaign.id)
    place = await winner_store.get_place(conn, former.id)
    head = await amendment_store.get_chain_head(conn, former.settlement_id)
    candidates = await winner_store.list_candidates(conn, former.settlement_id)
    change, reserve = build_change(
        head,
        former,
        place,
        candidates,
        rules=rules,
        refill=former.state != "lapsed" or rules.unclaimed == "next_reserve",
        salt=campaign.result_salt,
        at=await amendment_store.get_clock(conn),
    )
    winner_id = None
    if reserve is not None:
        await winner_store.mark_promoted(conn, former.settlement_id, reserve.position)
        filled = Place(
            place=former.place,
            rank=reserve.rank,
            post_id=reserve.post_id,
            comment_id=reserve.comment_id,
            account_id=reserve.account_id,
            person=reserve.person,
            score=reserve.score,
            prizes=former.prizes,
        )
        (winner_id,) = await winner_store.add_winners(conn, former.campaign_id, former.settlement_id, [filled])
    document = sign_document(change, keys.sign)
    await amendment_store.add_amendment(conn, change, document, former=former, successor_id=winner_id)
    if winner_id is not None and campaign.announced_by is not None:
        await notify_winners(conn, keys, campaign, rules, [winner_id])
    return winner_id
