"""Publishing posts, many at once, editing and deleting them: one transaction each."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from feed import idempotency
from feed.accounts import store as accounts
from feed.accounts.model import FREE, AccountId
from feed.campaigns.entries import enter_posts
from feed.cases import store as cases
from feed.changes import store as changes
from feed.changes.store import Announce, Delta, leave_to_log
from feed.errors import Invalid
from feed.idempotency import Once
from feed.postgres import Connection, Pool, transaction
from feed.posts import store
from feed.posts.model import (
    TOPICS_MOST,
    NewPost,
    NotYourPost,
    Post,
    PostChange,
    PostId,
    PostNotEditable,
    PostNotFound,
    TopicAt,
    change_problems,
    content_sha256,
    new_post_problems,
)
from feed.posts.showing import hide_post
from feed.texts import clean_text
from feed.topics import store as topics
from feed.topics.parse import TopicMention, find_topics


class Draft(msgspec.Struct, frozen=True):
    """A post that may be published, as it will be stored. `request`: once per key."""

    author_id: AccountId
    text: str
    mentions: list[TopicMention]
    new: NewPost
    request: Once | None = None
    ip_region: str | None = None

    @staticmethod
    def checked(
        author_id: AccountId, new: NewPost, request: Once | None = None, ip_region: str | None = None
    ) -> "Draft":
        """The draft of what a person wants to publish. Raises Invalid."""
        text = clean_text(new.text)
        if problems := new_post_problems(new, text):
            raise Invalid(*problems)
        return Draft(author_id, text, find_topics(text), new, request, ip_region)


async def publish_posts(
    pool: Pool, batch: Sequence[Draft], *, announce: Announce = leave_to_log
) -> list[int | Exception]:
    """Publishes posts in the order of their arrival, each once per its `request`; visible at once and queued for a look.

    An answer is the post's id, or what that one caller is told: Banned, Muted, Answered, IdempotencyKeyReused,
    IdempotencyKeyBusy.
    """
    requests = [(draft.author_id, draft.request) for draft in batch]
    async with transaction(pool) as conn:
        reserved, answers = await idempotency.sort_out(conn, requests)
        standings = await accounts.list_standings(conn, list({batch[place].author_id for place in reserved}))
        refusals = {
            place: refusal
            for place in reserved
            if (refusal := standings.get(batch[place].author_id, FREE).refusal) is not None
        }
        accepted = [place for place in reserved if place not in refusals]
        ids = await _add(conn, [(batch[place], reserved[place]) for place in accepted]) if accepted else []
        await idempotency.release_each(conn, [requests[place] for place in refusals])
    announce(ids)
    answers |= zip(accepted, ids, strict=True)
    answers |= refusals
    return [answers[place] for place in range(len(batch))]


async def edit_post(
    pool: Pool, author_id: AccountId, post_id: PostId, change: PostChange, *, announce: Announce = leave_to_log
) -> None:
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
        if problems := change_problems(change, text):
            raise Invalid(*problems)
        if text == old_text:
            await store.change_comment_policy(conn, post_id, comment_policy)
        else:
            revision = post.latest_revision + 1
            await store.show_revision(conn, post_id, revision, comment_policy=comment_policy)
            await _add_revisions(conn, [(post.id, author_id, revision, text, find_topics(text))])
            await cases.add_case(conn, kind="post", author_id=author_id, post_id=post_id, revision=revision)
            await changes.move_stats(conn, [Delta(post_id)])
    announce([post_id])


async def delete_post(pool: Pool, author_id: AccountId, post_id: PostId, *, announce: Announce = leave_to_log) -> None:
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
    announce([post_id])


async def _add(conn: Connection, drafts: Sequence[tuple[Draft, int | None]]) -> list[PostId]:
    rows = [store.NewRow(id_, draft.author_id, draft.new, draft.ip_region) for draft, id_ in drafts]
    ids = await store.add_posts(conn, rows)
    await changes.add_stats(conn, ids)
    await _add_revisions(
        conn,
        [(id_, draft.author_id, 1, draft.text, draft.mentions) for id_, (draft, _) in zip(ids, drafts, strict=True)],
    )
    await cases.add_first_cases(
        conn, "post", [(draft.author_id, id_, None, 1) for id_, (draft, _) in zip(ids, drafts, strict=True)]
    )
    await accounts.change_post_counts(conn, Counter(draft.author_id for draft, _ in drafts))
    return ids


async def _add_revisions(
    conn: Connection, revisions: Sequence[tuple[PostId, AccountId, int, str, list[TopicMention]]]
) -> None:
    """Revisions (post, author, number, text, topics) of different posts, with their places in lists and campaigns."""
    named = [
        # Of many topics the first ones count.
        dict(list({mention.key: mention.name for mention in mentions}.items())[:TOPICS_MOST])
        for *_, mentions in revisions
    ]
    known = await topics.find_or_add_topics(conn, [pair for names in named for pair in names.items()])
    if any(topic.state == "closed" for topic in known.values()):
        # What a post bears already it keeps; otherwise the mention of a closed topic is text like any other.
        edited = [post_id for post_id, _, number, *_ in revisions if number > 1]
        held = await store.list_topic_ids(conn, edited)
        named = [
            {
                key: name
                for key, name in names.items()
                if known[key].state != "closed" or known[key].id in held.get(post_id, ())
            }
            for (post_id, *_), names in zip(revisions, named, strict=True)
        ]
    await store.add_revisions(
        conn,
        [
            store.Revision(
                post_id,
                number,
                text,
                [
                    TopicAt(known[mention.key].id, mention.name, mention.start, mention.length)
                    for mention in mentions
                    if mention.key in names
                ],
                content_sha256(text, []),
                author_id,
                approved=True,
            )
            for (post_id, author_id, number, text, mentions), names in zip(revisions, named, strict=True)
        ],
    )
    post_ids = [post_id for post_id, *_ in revisions]
    await store.list_under_topics(conn, post_ids)
    await enter_posts(conn, post_ids)


async def _lock_own(conn: Connection, author_id: AccountId, post_id: PostId) -> Post:
    post = await store.lock_post(conn, post_id)
    if post.author_id != author_id:
        raise NotYourPost if post.state == "published" else PostNotFound
    if post.state == "deleted":
        raise PostNotFound
    return post
