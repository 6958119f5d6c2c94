"""The sheet of a draw by comment or like: one row per person, from the announcement post as it was at the end."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from feed.campaigns import store as campaigns
from feed.campaigns.entries import draw_entry_store
from feed.campaigns.entries.draw_entries import DrawEntry, one_per_person
from feed.campaigns.lifecycle_store import PublishedCampaign
from feed.campaigns.model import Rules
from feed.postgres import Connection
from feed.prizes.model import SheetRow
from feed.prizes.settlement.sheet import Sheet


async def build_draw_sheet(conn: Connection, campaign: PublishedCampaign, rules: Rules) -> Sheet:
    """The sheet of a draw that comments or likes enter, with the present verdicts.

    A person's row is the entry that counts. It waits for the review of a comment only where the ticket depends on it, and while
    the announcement post is not visible.
    """
    post_id = int(rules.announcement_post_id or 0)
    counted = one_per_person(await draw_entry_store.list_entries(conn, campaign.id))
    waiting = [each for each in counted if each.waits and each.reason is None]
    blocks: list[dict[str, Any]] = [
        {"kind": "comment_waits", "post_id": str(post_id), "comment_id": str(each.comment_id)} for each in waiting
    ]
    if not await campaigns.is_visible_post(conn, post_id):
        blocks.insert(0, {"kind": "announcement_hidden", "post_id": str(post_id)})
    rows = [_row(each, campaign.starts_at) for each in counted if not (each.waits and each.reason is None)]
    return Sheet(
        rows=sorted(rows, key=lambda row: row.entry_id),
        blocked_by=blocks,
        skipped=[{"comment_id": str(each.comment_id), "reason": "awaiting_review"} for each in waiting],
    )


def _row(entry: DrawEntry, opened_at: datetime) -> SheetRow:
    return SheetRow(
        post_id=None,
        comment_id=entry.comment_id,
        account_id=entry.account_id,
        person=entry.person or b"",
        # When an account has liked a post is published nowhere: beside a pseudonym it would tell whose like it is.
        entered_at=opened_at if entry.comment_id is None else entry.entered_at,
        revision=1,
        quality=Decimal("0.000000"),
        likes_counted=0,
        commenters_counted=0,
        eligible=entry.reason is None,
        reason_code=entry.reason,
        excluded=[],
    )
