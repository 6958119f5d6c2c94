"""What pages need to know of those who look at them: one reading for many viewers."""

from collections.abc import Sequence
from typing import Any

import msgspec

from feed.accounts import relations
from feed.accounts.model import FREE, Standing
from feed.postgres import Connection, columns
from feed.posts import store as posts
from feed.posts.model import PostNotFound
from feed.screens.rights import ANONYMOUS, Look
from feed.screens.visibility import may_see


class Asked(msgspec.Struct, frozen=True):
    """Somebody looks at these posts, which are by these people."""

    viewer_id: int
    post_ids: tuple[int, ...]
    author_ids: tuple[int, ...]


async def list_looks(conn: Connection, asked: Sequence[Asked]) -> list[Look]:
    """For each: which of the posts he likes, whom of their authors he shall not meet, and what he is forbidden now.

    In the order of the asked. Of those whom somebody has blocked only the authors are read: they may be a thousand.
    """
    # Most look at one page: it is asked as posts times viewers, the rest in pairs. A viewer may be told of posts that he
    # has not asked about, which tells nobody anything.
    pages: dict[tuple[int, ...], list[int]] = {}
    for each in asked:
        pages.setdefault(each.post_ids, []).append(each.viewer_id)
    most = max(pages, key=lambda page: len(pages[page]), default=())
    viewers = pages.pop(most, [])
    pairs = [(post_id, viewer_id) for page, some in pages.items() for viewer_id in some for post_id in page]
    rows = await conn.fetch(
        """
        SELECT account_id, post_id, NULL AS word
        FROM likes
        WHERE post_id = ANY ($1::bigint[]) AND account_id = ANY ($2::bigint[])
        UNION ALL
        SELECT likes.account_id, likes.post_id, NULL
        FROM unnest($3::bigint[], $4::bigint[]) AS given (post_id, account_id)
        JOIN likes ON likes.post_id = given.post_id AND likes.account_id = given.account_id
        UNION ALL
        SELECT account_id, NULL, kind
        FROM sanctions
        WHERE account_id = ANY ($5::bigint[]) AND lifted_at IS NULL
          AND starts_at <= clock_timestamp() AND (until IS NULL OR until > clock_timestamp())
        UNION ALL
        SELECT account_id, target_id, CASE kind WHEN 'block' THEN 'apart' ELSE 'muted' END
        FROM relations
        WHERE account_id = ANY ($5::bigint[]) AND target_id = ANY ($6::bigint[])
        UNION ALL
        SELECT target_id, account_id, 'apart'
        FROM relations
        WHERE target_id = ANY ($5::bigint[]) AND account_id = ANY ($6::bigint[]) AND kind = 'block'
        """,
        most,
        viewers,
        *columns(pairs, 2),
        list({each.viewer_id for each in asked}),
        list({author_id for each in asked for author_id in each.author_ids}),
    )
    # By viewer, then by what is said of him: the posts he likes (no word), his sanctions, the people he does not meet.
    said: dict[int, dict[str | None, set[int | None]]] = {}
    for viewer_id, number, word in rows:
        said.setdefault(viewer_id, {}).setdefault(word, set()).add(number)
    return [_look(each.viewer_id, said.get(each.viewer_id, {})) for each in asked]


async def get_look(conn: Connection, viewer_id: int | None) -> Look:
    """Whom the viewer shall not meet, whoever may come up: for comments, whose authors nobody knows beforehand."""
    if viewer_id is None:
        return ANONYMOUS
    kept = await relations.list_kept_apart(conn, viewer_id)
    return Look(viewer_id, apart=kept.apart, muted=kept.muted)


async def must_see_post(conn: Connection, post_id: int, viewer_id: int | None) -> Look:
    """The viewer's eyes, if they see the post. Raises PostNotFound."""
    look = await get_look(conn, viewer_id)
    post = await posts.find_post(conn, post_id)
    if post is None or not may_see(post, look):
        raise PostNotFound
    return look


def _look(viewer_id: int, said: dict[str | None, set[Any]]) -> Look:
    return Look(
        viewer_id,
        said.get(None, ()),
        Standing(banned="ban" in said, muted="mute" in said) if "ban" in said or "mute" in said else FREE,
        said.get("apart", ()),
        said.get("muted", ()),
    )
