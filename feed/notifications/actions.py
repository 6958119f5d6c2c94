"""Notifies authors of likes and comments in the background, so that likes and comments do not wait for it."""

import asyncio
import time
from datetime import datetime, timedelta
from itertools import groupby

from feed.comments.store import take_unnotified
from feed.inbox import store as inbox
from feed.inbox.model import NewNotification, NotificationKey
from feed.notifications import store
from feed.notifications.model import (
    OLD_LIKES_PUSH_INTERVAL,
    PUSH_INTERVAL,
    Group,
    Liker,
    Pair,
    comment_notifications,
    is_news,
    likes_key,
    likes_notification,
)
from feed.notifications.preferences import filter_wanted
from feed.postgres import Connection, Pool, transaction

# Limits of one run: changes read, posts with new likes, comments.
_CHANGES = 5_000
_GROUPS = 100
_COMMENTS = 200
# More than are named in the text: some of the newest may be muted or blocked.
_NEWEST = 10
_LONG_RUN_SECONDS = 0.1
_MAX_PAUSE_SECONDS = 2.0


async def notify_likes(pool: Pool) -> bool:
    """Reads the change log and notifies authors of new likes. Returns whether there is more to do.

    A long run is followed by a pause of four times its duration, so that a burst of likes takes fewer runs, not more work.
    """
    started = time.monotonic()
    async with transaction(pool) as conn:
        position = await store.lock_position(conn)
        if position is None:
            return False
        reached, changes = await store.mark_changed_due(conn, position, limit=_CHANGES)
        if changes:
            await store.mark_position(conn, reached)
        groups = await store.list_due_groups(conn, limit=_GROUPS)
        await _notify_of_likes(conn, groups)
    spent = time.monotonic() - started
    if spent > _LONG_RUN_SECONDS:
        await asyncio.sleep(min(4 * spent, _MAX_PAUSE_SECONDS))
    return changes == _CHANGES or len(groups) == _GROUPS


async def notify_comments(pool: Pool) -> bool:
    """Notifies of one batch of comments. Returns whether there may be more."""
    async with transaction(pool) as conn:
        taken = await take_unnotified(conn, limit=_COMMENTS)
        events = await store.list_comment_events(conn, taken) if taken else []
        notifications = [each for event in events for each in comment_notifications(event)]
        await inbox.add_notifications(conn, await _filter_wanted(conn, notifications))
    return len(taken) == _COMMENTS


async def _filter_wanted(conn: Connection, notifications: list[NewNotification]) -> list[NewNotification]:
    wanted: list[NewNotification] = []
    for kind in sorted({each.kind for each in notifications}):
        pairs = [
            (each, Pair(each.account_id, each.actor_id))
            for each in notifications
            if each.kind == kind and each.actor_id is not None
        ]
        wanted_pairs = await filter_wanted(conn, kind, {pair for _, pair in pairs})
        wanted += [each for each, pair in pairs if pair in wanted_pairs]
    return wanted


async def _notify_of_likes(conn: Connection, groups: list[Group]) -> None:
    if not groups:
        return
    likers = await store.list_newest_likers(conn, groups, each=_NEWEST)
    newest = {post_id: list(some) for post_id, some in groupby(likers, key=lambda liker: liker.post_id)}
    pairs = {Pair(group.author_id, liker.account_id) for group in groups for liker in newest.get(group.post_id, ())}
    wanted_pairs = await filter_wanted(conn, "like", pairs)
    news: list[NewNotification] = []
    known: list[NewNotification] = []
    gone: list[NotificationKey] = []
    for group in groups:
        every = newest.get(group.post_id, [])
        shown = [each for each in every if Pair(group.author_id, each.account_id) in wanted_pairs and not each.erased]
        count = group.like_count if len(every) == _NEWEST else len(shown)
        # No liker can be named: all likes are gone, or the author muted or blocked their accounts.
        if group.author_erased or count == 0 or not shown:
            gone.append(likes_key(group))
        elif is_news(group, shown):
            news.append(likes_notification(group, shown, count))
        else:
            known.append(likes_notification(group, shown, count))
    await inbox.remove_notifications(conn, gone)
    found = await inbox.change_notifications(conn, known)
    # A notification that was removed with its last like is added again with the next one.
    back = [each for each in known if (each.account_id, each.once_key) not in found]
    moved: list[tuple[NewNotification, timedelta]] = [(each, PUSH_INTERVAL) for each in news]
    await inbox.replace_notifications(conn, moved + [(each, OLD_LIKES_PUSH_INTERVAL) for each in back])
    await store.mark_notified(conn, [_mark(group, newest.get(group.post_id, [])) for group in groups])


def _mark(group: Group, likers: list[Liker]) -> tuple[int, int, datetime | None]:
    return group.post_id, group.like_count, likers[0].liked_at if likers else None
