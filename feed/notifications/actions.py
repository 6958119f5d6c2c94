"""Telling authors of likes and comments, from behind: whoever likes or comments does not wait for it."""

import asyncio
import time
from datetime import datetime, timedelta
from itertools import groupby

from feed.comments.store import take_unnotified
from feed.inbox import store as inbox
from feed.inbox.model import Key, NewInbox
from feed.notifications import store
from feed.notifications.model import (
    LIKES_APART,
    OLD_LIKES_APART,
    Group,
    Liker,
    Pair,
    comment_messages,
    is_news,
    key_of_likes,
    likes_message,
)
from feed.notifications.preferences import wants
from feed.postgres import Connection, Pool, transaction

# Of one round: changes that are read, posts whose likes are told, comments that are told.
_CHANGES = 5_000
_GROUPS = 100
_COMMENTS = 200
# More than are named: some of the newest may not be wanted.
_NEWEST = 10
_LONG_SECONDS = 0.1
_LONGEST_REST_SECONDS = 2.0


async def tell_likes(pool: Pool) -> bool:
    """One round along the change log. Whether more is to do.

    It rests four times as long as it took, so that a storm of likes is told in fewer rounds instead of in more work.
    """
    started = time.monotonic()
    async with transaction(pool) as conn:
        position = await store.lock_position(conn)
        if position is None:
            return False
        reached, changes = await store.note_changed(conn, position, limit=_CHANGES)
        if changes:
            await store.mark_position(conn, reached)
        groups = await store.list_due_groups(conn, limit=_GROUPS)
        await _tell_groups(conn, groups)
    spent = time.monotonic() - started
    if spent > _LONG_SECONDS:
        await asyncio.sleep(min(4 * spent, _LONGEST_REST_SECONDS))
    return changes == _CHANGES or len(groups) == _GROUPS


async def tell_comments(pool: Pool) -> bool:
    """Tells of some comments. Whether there may be more."""
    async with transaction(pool) as conn:
        taken = await take_unnotified(conn, limit=_COMMENTS)
        told = await store.list_concerned(conn, taken) if taken else []
        messages = [message for each in told for message in comment_messages(each)]
        await inbox.add_inbox(conn, await _wanted(conn, messages))
    return len(taken) == _COMMENTS


async def _wanted(conn: Connection, messages: list[NewInbox]) -> list[NewInbox]:
    wanted: list[NewInbox] = []
    for kind in sorted({message.kind for message in messages}):
        pairs = [
            (message, Pair(message.account_id, message.actor_id))
            for message in messages
            if message.kind == kind and message.actor_id is not None
        ]
        willing = await wants(conn, kind, {pair for _, pair in pairs})
        wanted += [message for message, pair in pairs if pair in willing]
    return wanted


async def _tell_groups(conn: Connection, groups: list[Group]) -> None:
    if not groups:
        return
    likers = await store.list_newest_likers(conn, groups, each=_NEWEST)
    newest = {post_id: list(some) for post_id, some in groupby(likers, key=lambda liker: liker.post_id)}
    pairs = {Pair(group.author_id, liker.account_id) for group in groups for liker in newest.get(group.post_id, ())}
    willing = await wants(conn, "like", pairs)
    news: list[NewInbox] = []
    known: list[NewInbox] = []
    gone: list[Key] = []
    for group in groups:
        every = newest.get(group.post_id, [])
        shown = [each for each in every if Pair(group.author_id, each.account_id) in willing and not each.erased]
        count = group.like_count if len(every) == _NEWEST else len(shown)
        # Nobody is left to be named: all have gone, or the author does not want to hear of them.
        if group.author_erased or count == 0 or not shown:
            gone.append(key_of_likes(group))
        elif is_news(group, shown):
            news.append(likes_message(group, shown, count))
        else:
            known.append(likes_message(group, shown, count))
    await inbox.remove_inbox(conn, gone)
    held = await inbox.change_inbox(conn, known)
    # A message that went with its last like comes back with the next one.
    back = [message for message in known if (message.account_id, message.once_key) not in held]
    moved: list[tuple[NewInbox, timedelta]] = [(message, LIKES_APART) for message in news]
    await inbox.move_inbox(conn, moved + [(message, OLD_LIKES_APART) for message in back])
    await store.mark_told(conn, [_mark(group, newest.get(group.post_id, [])) for group in groups])


def _mark(group: Group, likers: list[Liker]) -> tuple[int, int, datetime | None]:
    return group.post_id, group.like_count, likers[0].liked_at if likers else None
