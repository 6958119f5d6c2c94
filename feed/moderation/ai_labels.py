"""Labels of posts as made by AI that reviewers set or take away."""

from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.changes import store as changes
from feed.changes.store import Announce, announce_nothing
from feed.inbox import store as inbox
from feed.moderation.model import OwnSubject
from feed.moderation.notices import ai_label_notice
from feed.postgres import Pool, transaction
from feed.posts import store as posts
from feed.posts.model import PostId, PostNotFound


async def change_ai_label(
    pool: Pool, reviewer_id: AccountId, post_id: PostId, *, labelled: bool, announce: Announce = announce_nothing
) -> None:
    """Labels a post as made by AI, or takes the label away, and notifies its author. Repeating it changes nothing.

    Raises PostNotFound, OwnSubject.
    """
    async with transaction(pool) as conn:
        if await posts.find_post(conn, post_id) is None:
            raise PostNotFound
        await changes.lock_stats(conn, [post_id])
        post = await posts.lock_post(conn, post_id)
        if post.state == "deleted":
            raise PostNotFound
        if post.author_id in await accounts.list_same_person(conn, reviewer_id):
            raise OwnSubject
        if not await posts.change_ai_label(conn, post_id, labelled=labelled):
            return
        action = "post.label_ai" if labelled else "post.unlabel_ai"
        audit_id = await audit.add(conn, reviewer_id, action, "post", post_id)
        await inbox.add_notifications(conn, [ai_label_notice(post.author_id, post_id, audit_id, labelled=labelled)])
    announce([post_id])
