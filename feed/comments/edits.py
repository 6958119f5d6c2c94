"""Actions on a comment that exists: its author edits it, the author of the post hides it or puts it first."""

from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.cases import revision_store as case_revisions
from feed.cases import store as cases
from feed.cases.holds import NONE, Hold
from feed.cases.model import Subject
from feed.cases.store import NewCase
from feed.changes import store as changes
from feed.changes.store import Announce, Delta, announce_nothing
from feed.comments import revision_store as revisions
from feed.comments import store
from feed.comments.actions import write_error
from feed.comments.hide_show import change_holds
from feed.comments.model import (
    FEATURED_MOST,
    TEXT,
    Comment,
    CommentId,
    CommentNotEditable,
    CommentNotFeaturable,
    CommentNotFound,
    FeaturedFull,
    NotYourComment,
)
from feed.postgres import Connection, Pool, transaction
from feed.posts import store as posts
from feed.posts.model import NotYourPost, content_sha256
from feed.screening.model import PASSED, MachineResult
from feed.texts import require_text


async def edit_comment(
    pool: Pool,
    author_id: AccountId,
    comment_id: CommentId,
    text: str,
    *,
    machine: MachineResult = PASSED,
    stages: int = 0,
    announce: Announce = announce_nothing,
) -> None:
    """Adds a revision to the author's own comment; the old ones are kept.

    It is shown at once, or after its approvals (`stages`), while others go on seeing the approved one. The edit of a comment that
    waits never publishes it, and one that the machine check blocks is refused. An account that may not comment under the post now may not
    edit a comment there either.

    Raises Invalid, CommentNotFound, NotYourComment, CommentNotEditable, PostNotFound, PostNotPublished, CommentsClosed,
    CommentsLimited, Banned, Muted.
    """
    text = require_text("text", text, TEXT)
    async with transaction(pool) as conn:
        comment = await _lock(conn, comment_id)
        if comment.author_id != author_id:
            raise NotYourComment if comment.is_visible else CommentNotFound
        if comment.state == "deleted":
            raise CommentNotFound
        if comment.shown_state not in ("published", "pending"):
            raise CommentNotEditable
        needed, error = await write_error(conn, comment)
        if error is not None:
            raise error
        if text != await revisions.get_latest_text(conn, comment):
            await add_revision(conn, comment, author_id, text, machine=machine, stages=max(stages, needed))
    announce([comment.post_id])


async def add_revision(
    conn: Connection, comment: Comment, author_id: AccountId, text: str, *, machine: MachineResult, stages: int
) -> int:
    """Adds a revision by `author_id` to a comment whose post's statistics and row are locked, shows or queues it; returns its number."""
    waits = comment.state == "pending"
    needed = max(stages, 1) if waits else stages
    refused = machine.verdict == "block"
    approved = not refused and not needed
    number = comment.latest_revision + 1
    await revisions.add_revision(
        conn,
        comment,
        author_id,
        number,
        text,
        before=content_sha256(comment.text, []),
        after=content_sha256(text, []),
        approved=approved,
        refused=refused,
    )
    if approved or (waits and not refused):
        await revisions.show_revision(conn, comment.id, number)
    else:
        await revisions.keep_waiting(conn, comment.id, number)
    if refused:
        subject = Subject(author_id=comment.author_id, post_id=comment.post_id, comment_id=comment.id, revision=number)
        await case_revisions.close_superseded(conn, subject, kept=comment.revision)
        new = NewCase(comment.author_id, comment.post_id, comment.id, number, needed, machine)
        await cases.add_first_cases(conn, "comment", [new])
    else:
        await cases.add_case(
            conn,
            kind="comment",
            author_id=comment.author_id,
            post_id=comment.post_id,
            comment_id=comment.id,
            revision=number,
            machine=machine.stored(),
            stages=needed,
            keep_revision=None if approved or waits else comment.revision,
        )
    await changes.change_stats(conn, [Delta(comment.post_id)])
    return number


async def hide_comment(
    pool: Pool, actor_id: AccountId, comment_id: CommentId, *, hidden: bool, announce: Announce = announce_nothing
) -> None:
    """Hides a comment from others under a post of the actor's person, or shows it again; staff may do so under every post.

    Its author goes on seeing it. Repeating it changes nothing. Raises CommentNotFound, NotYourPost.
    """
    async with transaction(pool) as conn:
        comment = await _lock(conn, comment_id)
        own = await _require_owner_or_staff(conn, actor_id, comment)
        bit = Hold.POST_AUTHOR
        if bool(comment.holds & bit) != hidden:
            await change_holds(conn, comment_id, add=bit if hidden else NONE, remove=NONE if hidden else bit)
            await revisions.feature(conn, comment_id, featured=False)
            if not own:
                action = "comment.hide" if hidden else "comment.show"
                await audit.add(conn, actor_id, action, "comment", comment_id, {"post_id": str(comment.post_id)})
    announce([comment.post_id])


async def feature_comment(
    pool: Pool, actor_id: AccountId, comment_id: CommentId, *, featured: bool, announce: Announce = announce_nothing
) -> None:
    """Puts a root comment before the others under the actor's own post, three at most, or back among them. Repeating it changes nothing.

    Raises CommentNotFound, NotYourPost, CommentNotFeaturable, FeaturedFull.
    """
    async with transaction(pool) as conn:
        # The statistics of the post are locked: two requests cannot both take the last place.
        comment = await _lock(conn, comment_id)
        if not await _is_under_own_post(conn, actor_id, comment):
            raise NotYourPost if comment.is_visible else CommentNotFound
        if featured:
            if not comment.is_visible or comment.root_id is not None:
                raise CommentNotFeaturable
            others = set(await revisions.list_featured(conn, comment.post_id)) - {comment.id}
            if len(others) >= FEATURED_MOST:
                raise FeaturedFull
        await revisions.feature(conn, comment_id, featured=featured)
        await changes.change_stats(conn, [Delta(comment.post_id)])
    announce([comment.post_id])


async def _lock(conn: Connection, comment_id: CommentId) -> Comment:
    found = await store.find_comment(conn, comment_id)
    if found is None:
        raise CommentNotFound
    await changes.lock_stats(conn, [found.post_id])
    return await store.lock_comment(conn, comment_id)


async def _is_under_own_post(conn: Connection, actor_id: AccountId, comment: Comment) -> bool:
    post = await posts.find_post(conn, comment.post_id)
    return post is not None and actor_id in await accounts.list_same_person(conn, post.author_id)


async def _require_owner_or_staff(conn: Connection, actor_id: AccountId, comment: Comment) -> bool:
    """Whether the post is the actor's own. Raises CommentNotFound, NotYourPost."""
    own = await _is_under_own_post(conn, actor_id, comment)
    if not own and not await accounts.list_rights(conn, actor_id):
        raise NotYourPost if comment.is_visible else CommentNotFound
    if comment.shown_state != "published":
        raise CommentNotFound
    return own
