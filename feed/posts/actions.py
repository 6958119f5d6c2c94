"""Publishing, editing and deleting posts: one transaction each."""

import msgspec

from feed import idempotency
from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.campaigns.entries import enter_post
from feed.cases import store as cases
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.errors import Invalid
from feed.idempotency import Once
from feed.postgres import Connection, Pool, transaction
from feed.posts import store
from feed.posts.model import (
    TOPICS_MOST,
    Location,
    NotYourPost,
    Post,
    PostId,
    PostNotEditable,
    PostNotFound,
    TopicAt,
    content_sha256,
    post_problems,
)
from feed.posts.showing import hide_post
from feed.texts import clean_text
from feed.topics import store as topics
from feed.topics.parse import TopicMention, find_topics


class NewPost(msgspec.Struct, frozen=True):
    """What a person wants to publish."""

    text: str = ""
    media_ids: list[str] = []
    location: Location | None = None
    ai_generated: bool = False
    comment_policy: str = "everyone"


class PostChange(msgspec.Struct, frozen=True):
    """What an author changes; what is left out stays."""

    text: str | None = None
    media_ids: list[str] | None = None
    comment_policy: str | None = None


async def publish_post(
    pool: Pool, author_id: AccountId, new: NewPost, request: Once | None = None, *, ip_region: str | None = None
) -> PostId:
    """Publishes a post, once per `request`; visible at once and queued for a look. Returns its id.

    Raises Invalid, Banned, Muted, IdempotencyKeyReused.
    """
    text = clean_text(new.text)
    problems = post_problems(
        text=text, media_ids=new.media_ids, location=new.location, comment_policy=new.comment_policy
    )
    mentions = find_topics(text) if not problems else []
    if problems:
        raise Invalid(*problems)
    async with transaction(pool) as conn:
        reserved = None
        if request is not None:
            reserved = await idempotency.reserve(conn, author_id, request)
            if not reserved.fresh:
                return PostId(reserved.answer_id)
        (await accounts.get_standing(conn, author_id)).may_write()
        post = await store.add_post(
            conn,
            post_id=reserved.answer_id if reserved else None,
            author_id=author_id,
            comment_policy=new.comment_policy,
            location=new.location,
            ip_region=ip_region,
            ai_generated=new.ai_generated,
        )
        await changes.add_stats(conn, post.id)
        await _add_revision(conn, post, revision=1, text=text, mentions=mentions)
        await accounts.change_post_count(conn, author_id, by=1)
    return post.id


async def edit_post(pool: Pool, author_id: AccountId, post_id: PostId, change: PostChange) -> None:
    """Makes a new revision of the author's own post and shows it; the old ones stay.

    Raises Invalid, PostNotFound, NotYourPost, PostNotEditable, Banned, Muted.
    """
    async with transaction(pool) as conn:
        await changes.lock_stats(conn, [post_id])
        post = await _lock_own(conn, author_id, post_id)
        if post.state not in ("published", "pending"):
            raise PostNotEditable
        (await accounts.get_standing(conn, author_id)).may_write()
        old_text = await store.get_shown_text(conn, post_id)
        text = old_text if change.text is None else clean_text(change.text)
        comment_policy = change.comment_policy or post.comment_policy
        if problems := post_problems(
            text=text, media_ids=change.media_ids or [], location=None, comment_policy=change.comment_policy
        ):
            raise Invalid(*problems)
        if text == old_text:
            await store.change_comment_policy(conn, post_id, comment_policy)
            return
        revision = post.latest_revision + 1
        await store.show_revision(conn, post_id, revision, comment_policy=comment_policy)
        await _add_revision(conn, post, revision=revision, text=text, mentions=find_topics(text))
        await changes.move_stats(conn, [Delta(post_id)])


async def delete_post(pool: Pool, author_id: AccountId, post_id: PostId) -> None:
    """Deletes the author's own post; a second time changes nothing. Raises PostNotFound, NotYourPost."""
    async with transaction(pool) as conn:
        post = await store.find_post(conn, post_id)
        if post is None or (post.author_id != author_id and post.state != "published"):
            raise PostNotFound
        if post.author_id != author_id:
            raise NotYourPost
        if post.state != "deleted":
            await hide_post(conn, post_id, state="deleted")
            await cases.close_cases(conn, post_id=post_id)


async def _add_revision(
    conn: Connection, post: Post, *, revision: int, text: str, mentions: list[TopicMention]
) -> None:
    """The revision with its topics, its places in lists and campaigns, and the case that queues it for a look."""
    named = dict(list({mention.key: mention.name for mention in mentions}.items())[:TOPICS_MOST])
    known = await topics.find_or_add_topics(conn, list(named.items()))
    placed = [
        TopicAt(known[mention.key].id, mention.name, mention.start, mention.length)
        for mention in mentions
        if mention.key in known
    ]
    await store.add_revision(
        conn,
        post_id=post.id,
        revision=revision,
        text=text,
        topics=placed,
        content_sha256=content_sha256(text, []),
        author_id=post.author_id,
        approved=True,
    )
    await store.list_under_topics(conn, post.id)
    await enter_post(conn, post_id=post.id)
    await cases.add_case(conn, kind="post", author_id=post.author_id, post_id=post.id, revision=revision)


async def _lock_own(conn: Connection, author_id: AccountId, post_id: PostId) -> Post:
    post = await store.lock_post(conn, post_id)
    if post.author_id != author_id:
        raise NotYourPost if post.state == "published" else PostNotFound
    if post.state == "deleted":
        raise PostNotFound
    return post
