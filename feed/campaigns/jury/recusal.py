"""Recusal: jurors declare conflicts of interest with authors."""

import msgspec

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns.entries import store as entries
from feed.campaigns.inputs import WRITTEN_REASON, WrittenReason
from feed.campaigns.jury import recusal_store as recusals
from feed.campaigns.jury.members import lock_campaign_to_mark
from feed.campaigns.locking import increment_versions
from feed.postgres import Pool, transaction
from feed.texts import require_text


class NewRecusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a recusal: the reason, which editors read."""

    reason: WrittenReason


async def recuse_juror(pool: Pool, juror_id: AccountId, campaign_id: int, post_id: int, new: NewRecusal) -> None:
    """Declares a conflict of interest with an entry's author: the juror's marks of that person's entries do not count.

    Cannot be reversed; a second time changes nothing. Raises Invalid, NotAJuror, MarksLocked, EntryNotFound.
    """
    reason = require_text("reason", new.reason, WRITTEN_REASON)
    async with transaction(pool) as conn:
        await lock_campaign_to_mark(conn, campaign_id, juror_id)
        entry = await entries.get_entry(conn, campaign_id, post_id)
        if not await recusals.add_recusal(
            conn, campaign_id, juror_id=juror_id, author_id=entry.author_id, post_id=post_id, reason=reason
        ):
            return
        await increment_versions(conn, (await recusals.list_in_conflict(conn, campaign_id, [juror_id]))[juror_id])
        detail = {"post_id": str(post_id), "author_id": str(entry.author_id), "reason": reason}
        await audit.add(conn, juror_id, "juror_recused", "campaign", campaign_id, detail)
