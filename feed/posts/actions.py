"""Actions that publish posts in batches, edit a post and delete a post."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from feed import idempotency
from feed.accounts import newsroom_store as newsroom
from feed.accounts import store as accounts
from feed.accounts.author_standings import list_author_standings
from feed.accounts.model import UNRESTRICTED, AccountId
from feed.campaigns.entries.draw_entry_store import is_entered_under
from feed.campaigns.entries.store import add_entries
from feed.cases import revision_store as case_revisions
from feed.cases import store as cases
from feed.cases.chain import first_state
from feed.cases.holds import Hold
from feed.cases.model import Subject
from feed.cases.store import NewCase
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
    AiLabelKept,
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
from feed.screening.model import PASSED, MachineResult
from feed.texts import read_text
from feed.topics import store as topics
from feed.topics.model import NamedTopic
from feed.topics.parse import TopicMention, find_topics, shown_name


class _NewRevision(NamedTuple):
    """A revision to add, with the ids of its topics by key."""

    post_id: PostId
    author_id: AccountId
    number: int
    text: str
    mentions: Sequence[TopicMention]
    topic_ids: Mapping[str, int]
    approved: bool
    refused: bool
    signed_first: bool = False


class Draft(msgspec.Struct, frozen=True):
    """A validated post that is to be published. `request` makes a retry publish it once.

    `machine` is the result of the machine check, `stages` the human approvals before publication that it and the site require.
    `editorial_chain`: the site's newsroom signs what official accounts publish.
    """

    author_id: AccountId
    text: str
    mentions: list[TopicMention]
    new: NewPost
    request: KeyedRequest | None = None
    ip_region: str | None = None
    machine: MachineResult = PASSED
    stages: int = 0
    editorial_chain: bool = False

    @staticmethod
    def checked(
        author_id: AccountId,
        new: NewPost,
        request: KeyedRequest | None = None,
        ip_region: str | None = None,
    ) -> "Draft":
        """The draft of a post, with its text cleaned and its topics found. Raises Invalid."""
        text, problem = read_text(new.text, TEXT)
        if problems := new_post_problems(new, problem):
            raise Invalid(*problems)
        if new.location is not None:
            place, _ = read_text(new.location.name, PLACE)
            new = msgspec.structs.replace(new, location=msgspec.structs.replace(new.location, name=place))
        return Draft(author_id, text, find_topics(text), new, request, ip_region)

    def judged(self, machine: MachineResult, stages: int, *, editorial_chain: bool = False) -> "Draft":
        """The draft with the result of the machine check and the approvals that are required."""
        return msgspec.structs.replace(self, machine=machine, stages=stages, editorial_chain=editorial_chain)


async def publish_posts(
    pool: Pool, batch: Sequence[Draft], *, announce: Announce = announce_nothing
) -> list[int | Exception]:
    """Publishes posts in the order of the batch, each once per `request`, and queues them for review.

    They are visible at once, or after as many approvals as the strictest of the draft, its topics and their campaigns requires.
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
    pool: Pool,
    author_id: AccountId,
    post_id: PostId,
    change: PostChange,
    *,
    machine: MachineResult = PASSED,
    stages: int = 0,
    editorial_chain: bool = False,
    announce: Announce = announce_nothing,
) -> None:
    """Adds a revision to the author's own post; the old ones are kept.

    It is shown at once, or after its approvals (`stages`, or more by its topics), while others go on seeing the approved one. The
    edit of a post that waits never publishes it, and one that the machine check blocks is refused.
    Raises Invalid, PostNotFound, NotYourPost, PostNotEditable, PostAnnouncesDraw, AiLabelKept, Banned, Muted.
    """
    async with transaction(pool) as conn:
        await changes.lock_stats(conn, [post_id])
        post = await _lock_own(conn, author_id, post_id)
        if post.shown_state not in ("published", "pending"):
            raise PostNotEditable
        await _require_no_draw(conn, post_id)
        (await accounts.get_standing(conn, author_id)).require_write_access()
        old_text = await store.get_latest_text(conn, post_id)
        # A text that stays is not checked again: it may be older than a rule.
        text, problem = (old_text, None) if change.text is None else read_text(change.text, TEXT)
        if problems := change_problems(change, problem):
            raise Invalid(*problems)
        if change.ai_generated is not None and not await store.declare_ai(conn, post_id, declared=change.ai_generated):
            raise AiLabelKept
        if change.comment_policy is not None and change.comment_policy != post.comment_policy:
            await store.change_comment_policy(conn, post_id, change.comment_policy)
        if text != old_text:
            signed_first = editorial_chain and bool(await newsroom.list_official(conn, [post.author_id]))
            await add_revision(conn, post, author_id, text, machine=machine, stages=stages, signed_first=signed_first)
    announce([post_id])


async def add_revision(
    conn: Connection,
    post: Post,
    author_id: AccountId,
    text: str,
    *,
    machine: MachineResult = PASSED,
    stages: int = 0,
    signed_first: bool = False,
) -> int:
    """Adds a revision by `author_id` to a post whose statistics and row are locked, shows or queues it; returns its number.

    `signed_first`: it is shown once the newsroom has signed it.
    """
    mentions = find_topics(text)
    [found] = await _find_topics(conn, [mentions], post.id)
    # What the post has left behind counts too: dropping a topic in the edit is no way around its chain.
    needed = max([stages, *(topic.stages for topic in found.values()), *await store.list_stages(conn, post.id)])
    if post.state == "pending" or signed_first:
        needed = max(needed, 1)
    number = post.latest_revision + 1
    refused = machine.verdict == "block"
    approved = not refused and not needed
    if approved or (post.state == "pending" and not refused):
        await store.show_revision(conn, post.id, number)
    else:
        await store.keep_waiting(conn, post.id, number)
    topic_ids = {key: topic.id for key, topic in found.items()}
    await _add_revisions(
        conn,
        [_NewRevision(post.id, author_id, number, text, mentions, topic_ids, approved, refused, signed_first)],
    )
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
    found = await _find_topics(conn, [draft.mentions for draft, _ in drafts])
    signed = [draft.author_id for draft, _ in drafts if draft.editorial_chain]
    official = await newsroom.list_official(conn, signed) if signed else frozenset()
    stages = [
        max([draft.stages, *(topic.stages for topic in topics_.values()), 1 if draft.author_id in official else 0])
        for (draft, _), topics_ in zip(drafts, found, strict=True)
    ]
    states = [first_state(draft.machine, needed) for (draft, _), needed in zip(drafts, stages, strict=True)]
    ids = await store.add_posts(
        conn,
        [
            store.NewRow(id_, draft.author_id, draft.new, draft.ip_region, state)
            for (draft, id_), state in zip(drafts, states, strict=True)
        ],
    )
    await changes.add_stats(conn, ids)
    await _add_revisions(
        conn,
        [
            _NewRevision(
                post_id,
                draft.author_id,
                1,
                draft.text,
                draft.mentions,
                {key: topic.id for key, topic in topics_.items()},
                approved=state == "published",
                refused=state == "rejected",
                signed_first=draft.author_id in official,
            )
            for post_id, (draft, _), topics_, state in zip(ids, drafts, found, states, strict=True)
        ],
    )
    # Also those that wait, as of now: the approval may come after a deadline that the post met.
    await add_entries(conn, [post_id for post_id, state in zip(ids, states, strict=True) if state != "rejected"])
    await cases.add_first_cases(
        conn,
        "post",
        [
            NewCase(draft.author_id, post_id, None, 1, needed, draft.machine)
            for post_id, (draft, _), needed in zip(ids, drafts, stages, strict=True)
        ],
    )
    shown: Counter[int] = Counter(
        draft.author_id for (draft, _), state in zip(drafts, states, strict=True) if state == "published"
    )
    if shown:
        await accounts.change_post_counts(conn, shown)
    return ids


async def _add_revisions(conn: Connection, revisions: Sequence[_NewRevision]) -> None:
    """Adds revisions of different posts, and lists the visible ones under their topics."""
    await store.add_revisions(
        conn,
        [
            store.Revision(
                each.post_id,
                each.number,
                each.text,
                [
                    TopicAt(each.topic_ids[mention.key], mention.name, mention.start, mention.length)
                    for mention in each.mentions
                    if mention.key in each.topic_ids
                ],
                content_sha256(each.text, []),
                each.author_id,
                approved=each.approved,
                refused=each.refused,
                signed_first=each.signed_first,
            )
            for each in revisions
        ],
    )
    await store.list_under_topics(conn, [each.post_id for each in revisions])


async def _find_topics(
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
