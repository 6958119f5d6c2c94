"""A comment in its thread: the root with its first replies, and the reply that a link leads to."""

import msgspec

from feed.cases.chain import ALWAYS, OfficeHours
from feed.comments.model import CommentNotFound
from feed.postgres import Connection
from feed.screens.comments import cards
from feed.screens.comments.cards import CommentCard, comment_card
from feed.screens.posts.viewer_store import require_visible_post


class Thread(msgspec.Struct, frozen=True):
    """A root comment with its first replies, and the reply that was asked for: null where the root was."""

    root: CommentCard
    reply: CommentCard | None


async def read_thread(conn: Connection, comment_id: int, viewer_id: int | None, hours: OfficeHours = ALWAYS) -> Thread:
    """The thread of a comment. Raises CommentNotFound, PostNotFound for what lists do not show to the viewer."""
    found = await cards.list_comments(conn, [comment_id], viewer_id)
    if not found:
        raise CommentNotFound
    asked = found[0]
    viewer_state = await require_visible_post(conn, asked.post_id, viewer_id)
    roots = found if asked.root_id is None else await cards.list_comments(conn, [asked.root_id], viewer_id)
    shown = await cards.list_cards(conn, roots, viewer_state, hours)
    if not shown:
        raise CommentNotFound
    if asked.root_id is None:
        return Thread(shown[0], None)
    replies = cards.without_hidden(found, viewer_state)
    if not replies:
        raise CommentNotFound
    return Thread(shown[0], comment_card(replies[0], hours=hours))
