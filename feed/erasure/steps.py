"""The steps of erasing everything of an account whose row is erased, each a bounded amount of work in the caller's transaction.

A step returns how much it did. It is called again until it finds nothing more to do; then the next one follows. Each is safe to repeat,
so a worker that is killed anywhere leaves nothing that the next one would not finish.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from feed import idempotency
from feed.accounts import erasure_store as accounts
from feed.accounts.model import AccountId
from feed.campaigns.entries import similar_store as similar
from feed.cases import erasure_store as case_evidence
from feed.cases import store as cases
from feed.changes import store as changes
from feed.comments import erasure_store as comments
from feed.comments.hide_show import hide_comment
from feed.exports import store as exports
from feed.inbox import erasure_store as inbox
from feed.inbox.erasure_store import ChangedNotice, LikeNotice
from feed.likes import erasure_store as likes
from feed.media import attachment_store as attachments
from feed.media import erasure_store as media
from feed.media import purges
from feed.media.removal_store import mark_removed
from feed.moderation import erasure_store as verdicts
from feed.notifications.model import likes_template
from feed.postgres import Connection
from feed.posts import erasure_store as posts
from feed.posts.hide_show import hide_post
from feed.prizes import erasure_store as prizes
from feed.profiles.changes import erase_profile
from feed.reports import erasure_store as reports
from feed.screening import erasure_store as screening
from feed.sms import erasure_store as messages

Step = Callable[[Connection, AccountId], Awaitable[int]]

# A post takes about ten statements, during which requests for it may wait for its locks.
_ITEMS = 25
# Between two sweeps of stored responses.
_SWEPT_AT_LEAST = timedelta(seconds=5)
# Rows that one statement changes.
_ROWS = 500


async def _delete_posts(conn: Connection, account_id: AccountId) -> int:
    post_ids = await posts.list_undeleted(conn, account_id, limit=_ITEMS)
    if post_ids:
        await changes.lock_stats(conn, post_ids)
        # Read again under the locks: the author may have deleted a post meanwhile.
        for post_id in await posts.list_undeleted(conn, account_id, limit=_ITEMS):
            if post_id in post_ids:
                former = await hide_post(conn, post_id, state="deleted")
                if former.is_visible:
                    # Also of what stays as evidence for a while.
                    await purges.enqueue(conn, await attachments.list_attached(conn, [post_id]), "erased")
                await cases.close_cases(conn, post_id=post_id)
    return len(post_ids)


async def _delete_comments(conn: Connection, account_id: AccountId) -> int:
    found = await comments.list_undeleted(conn, account_id, limit=_ITEMS)
    if found:
        await changes.lock_stats(conn, sorted({each.post_id for each in found}))
        for each in await comments.list_undeleted(conn, account_id, limit=_ITEMS):
            if each in found:
                await hide_comment(conn, each.comment_id, state="deleted")
                await cases.close_cases(conn, comment_id=each.comment_id)
    return len(found)


async def _remove_media(conn: Connection, account_id: AccountId) -> int:
    removed = await mark_removed(conn, await posts.list_media_to_remove(conn, account_id, limit=_ITEMS), "erased")
    return len(removed) + await media.empty_media(conn, account_id, limit=_ROWS)


async def _forget_pictures(conn: Connection, account_id: AccountId) -> int:
    # A run of the job that has read the posts before they were deleted must not add hashes afterwards.
    await similar.lock_comparison(conn)
    return await similar.forget_pictures(conn, account_id, limit=_ROWS)


async def _empty_posts(conn: Connection, account_id: AccountId) -> int:
    return await posts.empty_posts(conn, account_id, limit=_ROWS)


async def _empty_comments(conn: Connection, account_id: AccountId) -> int:
    emptied = await comments.empty_comments(conn, account_id, limit=_ROWS)
    return emptied + await comments.empty_revisions(conn, account_id, limit=_ROWS)


async def _empty_evidence(conn: Connection, account_id: AccountId) -> int:
    return await case_evidence.empty_evidence(conn, account_id, limit=_ROWS)


async def _empty_reports(conn: Connection, account_id: AccountId) -> int:
    return (
        await reports.empty_notes(conn, account_id, limit=_ROWS)
        + await reports.empty_appeals(conn, account_id, limit=_ROWS)
        + await reports.remove_evidence(conn, account_id, limit=_ROWS)
    )


async def _remove_checks(conn: Connection, account_id: AccountId) -> int:
    case_ids = await case_evidence.list_checked_cases(conn, account_id, limit=_ROWS)
    return await screening.remove_checks(conn, account_id, case_ids)


async def _empty_verdicts(conn: Connection, account_id: AccountId) -> int:
    return await verdicts.empty_verdicts(conn, account_id, limit=_ROWS)


async def _empty_objections(conn: Connection, account_id: AccountId) -> int:
    return await prizes.empty_objections(conn, account_id, limit=_ROWS)


async def _empty_messages(conn: Connection, account_id: AccountId) -> int:
    return await messages.empty_messages(conn, account_id, limit=_ROWS)


async def _erase_profile(conn: Connection, account_id: AccountId) -> int:
    # A few statements, repeated with each of the later steps: they find nothing then.
    await erase_profile(conn, account_id)
    return 0


async def _remove_name_from_notices(conn: Connection, account_id: AccountId) -> int:
    keys = await likes.list_naming_notices(conn, account_id, limit=_ROWS)
    notices = await inbox.lock_like_notices(conn, keys, account_id)
    await inbox.change_notices(conn, [_without(each, str(account_id)) for each in notices])
    return len(keys)


def _without(notice: LikeNotice, user_id: str) -> ChangedNotice:
    """The notification about the likes of a post without one of those whom it names; the count stays."""
    subject = notice.subject
    named = [(each, name) for each, name in zip(subject["user_ids"], subject["names"], strict=True) if each != user_id]
    names = [name for _, name in named]
    return ChangedNotice(
        notice.id,
        likes_template(len(names), subject["count"]),
        subject | {"user_ids": [each for each, _ in named], "names": names},
        {"names": names, "count": subject["count"]},
    )


async def _remove_inbox(conn: Connection, account_id: AccountId) -> int:
    return await inbox.remove_account(conn, account_id, limit=_ROWS)


async def _remove_responses(conn: Connection, account_id: AccountId) -> int:
    return await idempotency.remove_account(conn, account_id, limit=_ROWS)


async def _remove_exports(conn: Connection, account_id: AccountId) -> int:
    return await exports.remove_account(conn, account_id, limit=_ITEMS)


async def _sweep_responses(conn: Connection, account_id: AccountId) -> int:
    sweep = await accounts.find_sweep(conn, account_id)
    # The rest is too recent: the account is looked at again.
    if sweep is None or not (sweep.is_over or sweep.end - sweep.begin >= _SWEPT_AT_LEAST):
        return 0
    if not sweep.is_over:
        await idempotency.forget_responses(conn, sweep.name, begin=sweep.begin, end=sweep.end)
    await accounts.mark_swept(conn, account_id, None if sweep.is_over else sweep.end)
    return 1


async def _remove_account_rows(conn: Connection, account_id: AccountId) -> int:
    return await accounts.remove_account_rows(conn, account_id, limit=_ROWS)


# In this order: what others see first.
STEPS: tuple[Step, ...] = (
    _delete_posts,
    _delete_comments,
    _remove_media,
    _forget_pictures,
    _empty_posts,
    _empty_comments,
    _erase_profile,
    _remove_name_from_notices,
    _remove_inbox,
    _empty_evidence,
    _remove_checks,
    _empty_reports,
    _empty_verdicts,
    _empty_objections,
    _empty_messages,
    _remove_exports,
    _remove_account_rows,
    _remove_responses,
    _sweep_responses,
)


async def has_open_matters(conn: Connection, account_id: AccountId) -> bool:
    """Whether something of the account waits for a decision or an attempt, so that its texts are still needed."""
    return (
        await case_evidence.has_open_cases(conn, account_id)
        or await reports.has_open_appeals(conn, account_id)
        or await prizes.has_open_matters(conn, account_id)
        or await messages.has_open_messages(conn, account_id)
    )
