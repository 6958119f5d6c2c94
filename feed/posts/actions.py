"""Actions that publish posts in batches, edit a post and delete a post."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from feed import idempotency
from feed.accounts import store as accounts
from feed.accounts.author_standings import list_author_standings
from feed.accounts.model import UNRESTRICTED, AccountId
from feed.campaigns.entries.draw_entry_store import is_entered_under
from feed.campaigns.entries.store import add_entries
from feed.cases import store as cases
from feed.cases.holds import Hold
from feed.changes import store as changes
from feed.changes.store import Announce, Delta, announce_nothing
from feed.errors import Invalid
from feed.idempotency import KeyedRequest
from feed.postgres import Connection, Pool, transaction
from feed.posts import store
from feed.posts.hide_show import change_holds_of, hide_post
from feed.posts.model import (
    PLACE,
    TEXT,
    TOPICS_MOST,
    NewPost,
    NotYourPost,
    Post,
    PostAnnouncesDraw,
    PostChange,
    PostId,
    PostNotEditable,
    PostNotFound,
    TopicAt,
    change_problems,
    content_sha256,
    new_post_problems,
)
from feed.texts import read_text
from feed.topics import store as topics
from feed.topics.parse import TopicMention, find_topics, shown_name


class _NewRevision(NamedTuple):
    """A revision to add, with the topics that its text mentions."""

    post_id: PostId
    author_id: AccountId
    number: int
    text: str
    mentions: list[TopicMention]


class Draft(msgspec.Struct, frozen=True):
    """A validated post that is to be published. `request` makes a retry publish it once."""

    author_id: AccountId
    text: str
    mentions: list[TopicMention]
    new: NewPost
    request: KeyedRequest | None = None
    ip_region: str | None = None

    @staticmethod
    def checked(
        author_id: AccountId, new: NewPost, request: KeyedRequest | None = None, ip_region: str | None = None
    ) -> "Draft":
        """The draft of a post, with its text cleaned and its topics found. Raises Invalid."""
        text, problem = read_text(new.text, TEXT)
        if problems := new_post_problems(new, problem):
            raise Invalid(*problems)
        if new.location is not None:
            place, _ = read_text(new.location.name, PLACE)
            new = msgspec.structs.replace(new, location=msgspec.structs.replace(new.location, name=place))
        return Draft(author_id, text, find_topics(text), new, request, ip_region)


async def publish_posts(
    pool: Pool, batch: Sequence[Draft], *, announce: Announce = announce_nothing
) -> list[int | Exception]:
    """Publishes posts in the order of the batch, each once per `request`. They are visible at once and queued for review.

    Returns, in that order, the post's id or the error of that item: Banned, Muted, AlreadyAnswered, IdempotencyKeyReused,
    IdempotencyKeyBusy.
    """
    requests = [(draft.author_id, draft.request) for draft in batch]
    async with transaction(pool) as conn:
        reserved, results = await idempotency.split_repeats(conn, requests)
        restrictions = await list_author_standings(conn, list({batch[place].author_id for place in reserved}))
        errors = {
            place: error
            for place in reserved
            if (error := restrictions.get(batch[place].author_id, UNRESTRICTED).write_error) is not None
        }
        accepted = [place for place in reserved if place not in errors]
        ids = await _add(conn, [(batch[place], reserved[place]) for place in accepted]) if accepted else []
        hidden = [
            id_
            for place, id_ in zip(accepted, ids, strict=True)
            if restrictions.get(batch[place].author_id, UNRESTRICTED).taken_down
        ]
        if hidden:
            await change_holds_of(conn, hidden, add=Hold.AUTHOR)
        await idempotency.release_each(conn, [requests[place] for place in errors])
    announce(ids)
    results |= zip(accepted, ids, strict=True)
    results |= errors
    return [results[place] for place in range(len(batch))]


async def edit_post(
    pool: Pool, author_id: AccountId, post_id: PostId, change: PostChange, *, announce: Announce = announce_nothing
) -> None:
    """Adds a revision to the author's own post and shows it; the old ones are kept.

    Raises Invalid, PostNotFound, NotYourPost, PostNotEditable, PostAnnouncesDraw, Banned, Muted.
    """
    async with transaction(pool) as conn:
        await changes.lock_stats(conn, [post_id])
        post = await _lock_own(conn, author_id, post_id)
        if post.shown_state not in ("published", "pending"):
            raise PostNotEditable
        await _require_no_draw(conn, post_id)
        (await accounts.get_standing(conn, author_id)).require_write_access()
        old_text = await store.get_shown_text(conn, post_id)
        # A text that stays is not checked again: it may be older than a rule.
        text, problem = (old_text, None) if change.text is None else read_text(change.text, TEXT)
        if problems := change_problems(change, problem):
            raise Invalid(*problems)
        comment_policy = change.comment_policy or post.comment_policy
        if text == old_text:
            await store.change_comment_policy(conn, post_id, comment_policy)
        else:
            revision = post.latest_revision + 1
            await store.show_revision(conn, post_id, revision, comment_policy=comment_policy)
            await _add_revisions(conn, [_NewRevision(post.id, author_id, revision, text, find_topics(text))])
            await cases.add_case(conn, kind="post", author_id=author_id, post_id=post_id, revision=revision)
            await changes.change_stats(conn, [Delta(post_id)])
    announce([post_id])


async def delete_post(
    pool: Pool, author_id: AccountId, post_id: PostId, *, announce: Announce = announce_nothing
) -> None:
    """Deletes the author's own post; repeating it changes nothing. Raises PostNotFound, NotYourPost, PostAnnouncesDraw."""
    async with transaction(pool) as conn:
        post = await store.find_post(conn, post_id)
        if post is None or (post.author_id != author_id and not post.is_visible):
            raise PostNotFound
        if post.author_id != author_id:
            raise NotYourPost
        if post.state != "deleted":
            await hide_post(conn, post_id, state="deleted")
            await _require_no_draw(conn, post_id)
            await cases.close_cases(conn, post_id=post_id)
    announce([post_id])


async def _add(conn: Connection, drafts: Sequence[tuple[Draft, int | None]]) -> list[PostId]:
    rows = [store.NewRow(id_, draft.author_id, draft.new, draft.ip_region) for draft, id_ in drafts]
    ids = await store.add_posts(conn, rows)
    await changes.add_stats(conn, ids)
    await _add_revisions(
        conn,
        [
            _NewRevision(id_, draft.author_id, 1, draft.text, draft.mentions)
            for id_, (draft, _) in zip(ids, drafts, strict=True)
        ],
    )
    await cases.add_first_cases(
        conn, "post", [(draft.author_id, id_, None, 1) for id_, (draft, _) in zip(ids, drafts, strict=True)]
    )
    await accounts.change_post_counts(conn, Counter(draft.author_id for draft, _ in drafts))
    return ids


async def _add_revisions(conn: Connection, revisions: Sequence[_NewRevision]) -> None:
    """Adds revisions of different posts, and lists and enters the posts by their topics."""
    topic_ids = await _find_topic_ids(conn, revisions)
    await store.add_revisions(
        conn,
        [
            store.Revision(
                each.post_id,
                each.number,
                each.text,
                [
                    TopicAt(ids[mention.key], mention.name, mention.start, mention.length)
                    for mention in each.mentions
                    if mention.key in ids
                ],
                content_sha256(each.text, []),
                each.author_id,
                approved=True,
            )
            for each, ids in zip(revisions, topic_ids, strict=True)
        ],
    )
    post_ids = [each.post_id for each in revisions]
    await store.list_under_topics(conn, post_ids)
    await add_entries(conn, post_ids)


async def _find_topic_ids(conn: Connection, revisions: Sequence[_NewRevision]) -> list[dict[str, int]]:
    """The topics of each revision: ids by key. New topics are added; a closed topic is kept only by posts that already have it."""
    named = [
        # Only the first topics of a text count.
        dict(list({mention.key: mention.name for mention in each.mentions}.items())[:TOPICS_MOST])
        for each in revisions
    ]
    new = [(key, shown_name(name)) for names in named for key, name in names.items()]
    known = await topics.find_or_add_topics(conn, new)
    closed = {key for key, topic in known.items() if topic.is_closed}
    edited = [each.post_id for each in revisions if each.number > 1]
    held = await store.list_topic_ids(conn, edited) if closed else {}
    # The mention of a closed topic that the post does not have yet is plain text.
    return [
        {key: known[key].id for key in names if key not in closed or known[key].id in held.get(each.post_id, ())}
        for each, names in zip(revisions, named, strict=True)
    ]


async def _require_no_draw(conn: Connection, post_id: PostId) -> None:
    """Raises PostAnnouncesDraw. The post is locked: a publication of the draw has committed or will see the change."""
    if await is_entered_under(conn, post_id):
        raise PostAnnouncesDraw


async def _lock_own(conn: Connection, author_id: AccountId, post_id: PostId) -> Post:
    post = await store.lock_post(conn, post_id)
    if post.author_id != author_id:
        raise NotYourPost if post.is_visible else PostNotFound
    if post.state == "deleted":
        raise PostNotFound
    return post
