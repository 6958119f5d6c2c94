"""The shortlist by engagement: which entries it takes. Called inside a transaction that holds the campaign."""

from decimal import Decimal

from feed.audit import store as audit
from feed.campaigns import store as campaigns
from feed.campaigns.entries import shortlist_store as ledger
from feed.campaigns.entries import store as entries
from feed.campaigns.locking import raise_versions
from feed.campaigns.model import Rules
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.scoring.engagement import count_engagement, list_entry_ids
from feed.campaigns.scoring.score import Ranked, order_of, score
from feed.postgres import Connection


async def fill(conn: Connection, campaign_id: int, rules: Rules, *, size: int, by: int | None) -> list[int]:
    """Fills the shortlist up to `size` by likes and comments, as the rules weigh them; the posts that are new on it, best first.

    What editors have put there stays and takes its place; what they have taken off is not taken again, nor what cannot win.
    """
    free = size - await entries.count_shortlisted(conn, campaign_id)
    if free <= 0:
        return []
    chosen = [each.post_id for each in await _list_candidates(conn, campaign_id, rules)][:free]
    if chosen:
        await ledger.mark_all_shortlisted(conn, campaign_id, chosen, by=by)
        await raise_versions(conn, chosen)
        detail = {"size": size, "post_ids": [str(post_id) for post_id in chosen]}
        await audit.add(conn, by, "shortlist_filled", "campaign", campaign_id, detail)
    return chosen


async def fill_at_close(conn: Connection, campaign_id: int) -> bool:
    """Does once, when the campaign has closed, what its rules promise. False when it is not due."""
    if not await ledger.is_fill_due(conn, campaign_id):
        return False
    campaign = await campaigns.find_campaign(conn, campaign_id)
    assert campaign is not None
    rules, _ = read_rules(campaign.draft, publishing=False)
    if rules.shortlist_size is not None and rules.method == "ranked" and rules.weights.quality:
        await entries.sweep_entries(conn, campaign_id)
        await fill(conn, campaign_id, rules, size=rules.shortlist_size, by=None)
    await ledger.mark_filled(conn, campaign_id)
    return True


async def _list_candidates(conn: Connection, campaign_id: int, rules: Rules) -> list[Ranked]:
    lines = {
        line.post_id: line
        for line in await ledger.list_lines(conn, campaign_id, await list_entry_ids(conn, campaign_id))
        if line.competes
        and not line.is_shortlisted
        and not line.was_unlisted
        and (line.media_count or not rules.eligibility.require_media)
    }
    counted = await count_engagement(conn, campaign_id, list(lines))
    nothing = Decimal(0)
    ranked = [
        Ranked(
            post_id=each.post_id,
            person=b"",
            entered_at=lines[each.post_id].entered_at,
            quality=nothing,
            likes=each.likes,
            commenters=each.commenters,
            score=score(nothing, each.likes, each.commenters, rules.weights, rules.caps).total,
        )
        for each in counted
        if each.author_reason is None
    ]
    return sorted(ranked, key=lambda each: order_of(each, rules.tie_break))
