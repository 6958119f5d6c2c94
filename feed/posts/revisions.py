"""Revisions of posts: their topics, and whether they are shown or wait. The callers open the transaction and lock the post."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from feed.accounts.model import AccountId
from feed.campaigns.entries.store import add_entries
from feed.cases import revision_store as case_revisions
from feed.cases import store as cases
from feed.cases.model import Subject
from feed.cases.store import NewCase
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.postgres import Connection
from feed.posts import revision_store, store
from feed.posts.media import show_revision
from feed.posts.model import TOPICS_MOST, Content, Post, PostId, TopicAt, content_sha256
from feed.screening.model import PASSED, MachineResult
from feed.topics import store as topics
from feed.topics.model import NamedTopic
from feed.topics.parse import TopicMention, find_topics, shown_name


class NewRevision(NamedTuple):
    """A revision to add, with the ids of its topics by key."""

    post_id: PostId
    author_id: AccountId
    number: int
    content: Content
    mentions: Sequence[TopicMention]
    topic_ids: Mapping[str, int]
    approved: bool
    refused: bool
    signed_first: bool = False


async def add_revision(
    conn: Connection,
    post: Post,
    author_id: AccountId,
    content: Content,
    *,
    machine: MachineResult = PASSED,
    stages: int = 0,
    signed_first: bool = False,
) -> int:
    """Adds a revision by `author_id` to a post whose statistics and row are locked, shows or queues it; returns its number.

    `signed_first`: it is shown once the newsroom has signed it.
    """
    mentions = find_topics(content.text)
    [found] = await find_known_topics(conn, [mentions], post.id)
    # What the post has left behind counts too: dropping a topic in the edit is no way around its chain.
    needed = max([stages, *(topic.stages for topic in found.values()), *await store.list_stages(conn, post.id)])
    if post.state == "pending" or signed_first:
        needed = max(needed, 1)
    number = post.latest_revision + 1
    refused = machine.verdict == "block"
    approved = not refused and not needed
    topic_ids = {key: topic.id for key, topic in found.items()}
    await add_revisions(
        conn,
        [NewRevision(post.id, author_id, number, content, mentions, topic_ids, approved, refused, signed_first)],
    )
    if approved or (post.state == "pending" and not refused):
        await show_revision(conn, post.id, number)
    else:
        await revision_store.keep_waiting(conn, post.id, number)
    await store.list_under_topics(conn, [post.id])
    # A revision that waits enters no campaign: the entry would tell of it.
    if approved or post.state == "pending":
        await add_entries(conn, [post.id])
    if refused:
        subject = Subject(author_id=post.author_id, post_id=post.id, revision=number)
        await case_revisions.close_superseded(conn, subject, kept=post.revision)
        await cases.add_first_cases(conn, "post", [NewCase(post.author_id, post.id, None, number, needed, machine)])
    else:
        await cases.add_case(
            conn,
            kind="post",
            author_id=post.author_id,
            post_id=post.id,
            revision=number,
            machine=machine.stored(),
            stages=needed,
            keep_revision=None if approved or post.state == "pending" else post.revision,
        )
    await changes.change_stats(conn, [Delta(post.id)])
    return number


async def add_revisions(conn: Connection, revisions: Sequence[NewRevision]) -> None:
    """Adds revisions of different posts."""
    await revision_store.add_revisions(
        conn,
        [
            revision_store.Revision(
                each.post_id,
                each.number,
                each.content,
                [
                    TopicAt(each.topic_ids[mention.key], mention.name, mention.start, mention.length)
                    for mention in each.mentions
                    if mention.key in each.topic_ids
                ],
                content_sha256(each.content.text, each.content.media_ids),
                each.author_id,
                approved=each.approved,
                refused=each.refused,
                signed_first=each.signed_first,
            )
            for each in revisions
        ],
    )


async def find_known_topics(
    conn: Connection, mentions: Sequence[Sequence[TopicMention]], edited_id: PostId | None = None
) -> list[dict[str, NamedTopic]]:
    """The topics of each text by key. New topics are added; a closed topic is kept only by a post that already has it."""
    named = [
        # Only the first topics of a text count.
        dict(list({mention.key: mention.name for mention in each}.items())[:TOPICS_MOST])
        for each in mentions
    ]
    new = [(key, shown_name(name)) for names in named for key, name in names.items()]
    known = await topics.find_or_add_topics(conn, new)
    closed = {key for key, topic in known.items() if topic.is_closed}
    held = await store.list_topic_ids(conn, [edited_id]) if closed and edited_id is not None else {}
    kept = held.get(edited_id, set()) if edited_id is not None else set()
    # The mention of a closed topic that the post does not have yet is plain text.
    return [{key: known[key] for key in names if key not in closed or known[key].id in kept} for names in named]
