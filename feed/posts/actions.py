"""Actions that publish posts in batches, edit a post and delete a post."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec

from feed import idempotency
from feed.accounts import newsroom_store as newsroom
from feed.accounts import store as accounts
from feed.accounts.author_standings import list_author_standings
from feed.accounts.model import UNRESTRICTED, AccountId
from feed.campaigns.entries.draw_entry_store import is_entered_under
from feed.campaigns.entries.store import add_entries
from feed.cases import store as cases
from feed.cases.chain import first_state
from feed.cases.holds import NONE, Hold
from feed.cases.store import NewCase
from feed.changes import store as changes
from feed.changes.store import Announce, announce_nothing
from feed.errors import Conflict, Invalid
from feed.idempotency import KeyedRequest
from feed.media import attachment_store as attachments
from feed.media import purges, removal_store
from feed.media.attachment_store import UsableMedium
from feed.postgres import Connection, Pool, transaction
from feed.posts import media_store, revision_store, store
from feed.posts.attachments import awaits_any, has_video, require_attachable
from feed.posts.hide_show import change_holds_of, hide_post
from feed.posts.model import (
    PLACE,
    TEXT,
    AiLabelKept,
    Content,
    NewPost,
    NotYourPost,
    Post,
    PostAnnouncesDraw,
    PostChange,
    PostId,
    PostNotEditable,
    PostNotFound,
    content_problems,
    new_post_problems,
    read_media_ids,
)
from feed.posts.revisions import NewRevision, add_revision, add_revisions, find_known_topics
from feed.screening.model import PASSED, MachineResult
from feed.texts import read_text
from feed.topics.parse import TopicMention, find_topics

# The machine check of a text: its result, and the approvals that it and the site require.
Check = Callable[[str], tuple[MachineResult, int]]


class Draft(msgspec.Struct, frozen=True):
    """A validated post that is to be published. `request` makes a retry publish it once.

    `machine` is the result of the machine check, `stages` the human approvals before publication that it and the site require.
    `editorial_chain`: the site's newsroom signs what official accounts publish.
    """

    author_id: AccountId
    content: Content
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
        """The draft of a post, with its text cleaned and its topics found; its media are looked at later. Raises Invalid."""
        text, problem = read_text(new.text, TEXT)
        if problems := new_post_problems(new, problem):
            raise Invalid(*problems)
        if new.location is not None:
            place, _ = read_text(new.location.name, PLACE)
            new = msgspec.structs.replace(new, location=msgspec.structs.replace(new.location, name=place))
        content = Content(text, read_media_ids(new.media_ids))
        return Draft(author_id, content, find_topics(text), new, request, ip_region)

    def judged(self, machine: MachineResult, stages: int, *, editorial_chain: bool = False) -> "Draft":
        """The draft with the result of the machine check and the approvals that are required."""
        return msgspec.structs.replace(self, machine=machine, stages=stages, editorial_chain=editorial_chain)


async def publish_posts(
    pool: Pool, batch: Sequence[Draft], *, announce: Announce = announce_nothing
) -> list[int | Exception]:
    """Publishes posts in the order of the batch, each once per `request`, and queues them for review.

    They are visible at once, or after as many approvals as the strictest of the draft, its topics and their campaigns requires; and
    when their media are ready. Returns, in that order, the post's id or the error of that item: Banned, Muted, Invalid, MediaInUse,
    MediaNotReady, AlreadyAnswered, IdempotencyKeyReused, IdempotencyKeyBusy.
    """
    requests = [(draft.author_id, draft.request) for draft in batch]
    async with transaction(pool) as conn:
        reserved, results = await idempotency.split_repeats(conn, requests)
        restrictions = await list_author_standings(conn, list({batch[place].author_id for place in reserved}))
        errors: dict[int, Exception] = {
            place: error
            for place in reserved
            if (error := restrictions.get(batch[place].author_id, UNRESTRICTED).write_error) is not None
        }
        accepted = [place for place in reserved if place not in errors]
        media = await attachments.lock_for_use(
            conn,
            [each for place in accepted for each in batch[place].content.media_ids],
            owner_ids=[batch[place].author_id for place in accepted],
        )
        errors |= _media_errors({place: batch[place] for place in accepted}, media)
        accepted = [place for place in accepted if place not in errors]
        ids = await _add(conn, [(batch[place], reserved[place]) for place in accepted], media) if accepted else []
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


def _media_errors(drafts: Mapping[int, Draft], media: Mapping[int, UsableMedium]) -> dict[int, Exception]:
    """The errors of the drafts, by their keys, whose media may not be attached: of two drafts with one medium the first gets it."""
    errors: dict[int, Exception] = {}
    free = dict(media)
    for place, draft in drafts.items():
        try:
            require_attachable(draft.content.media_ids, free, owner_id=draft.author_id)
        except (Invalid, Conflict) as error:
            errors[place] = error
        else:
            free |= {each: msgspec.structs.replace(free[each], used_as="post") for each in draft.content.media_ids}
    return errors


async def edit_post(
    pool: Pool,
    author_id: AccountId,
    post_id: PostId,
    change: PostChange,
    *,
    machine: MachineResult = PASSED,
    stages: int = 0,
    check: Check | None = None,
    editorial_chain: bool = False,
    announce: Announce = announce_nothing,
) -> None:
    """Adds a revision to the author's own post; the old ones are kept.

    It is shown at once, or after its approvals (`stages`, or more by its topics), while others go on seeing the approved one. The
    edit of a post that waits never publishes it, and one that the machine check blocks is refused.
    `check` gives the result and the approvals of whatever text the revision has, also of one that stays beside other media; without
    it they are given. Media that it drops stay with the post, for reviewers, and are not public any more. Raises Invalid, PostNotFound, NotYourPost,
    PostNotEditable, PostAnnouncesDraw, AiLabelKept, MediaInUse, MediaNotReady, Banned, Muted.
    """
    async with transaction(pool) as conn:
        await changes.lock_stats(conn, [post_id])
        post = await _lock_own(conn, author_id, post_id)
        if post.shown_state not in ("published", "pending"):
            raise PostNotEditable
        await _require_no_draw(conn, post_id)
        (await accounts.get_standing(conn, author_id)).require_write_access()
        old = await revision_store.get_latest_content(conn, post_id)
        media_ids = old.media_ids if change.media_ids is None else read_media_ids(change.media_ids)
        # A text that stays is not checked again: it may be older than a rule.
        text, problem = (old.text, None) if change.text is None else read_text(change.text, TEXT)
        if not text and not media_ids:
            problem = "required"
        if problems := content_problems(problem, change.media_ids or [], has_media=bool(media_ids)):
            raise Invalid(*problems)
        if media_ids != old.media_ids:
            await _attach(conn, post, media_ids)
        if change.ai_generated is not None and not await store.declare_ai(conn, post_id, declared=change.ai_generated):
            raise AiLabelKept
        if change.comment_policy is not None and change.comment_policy != post.comment_policy:
            await store.change_comment_policy(conn, post_id, change.comment_policy)
        new = Content(text, media_ids)
        if new != old:
            if check is not None:
                machine, stages = check(text)
            signed_first = editorial_chain and bool(await newsroom.list_official(conn, [post.author_id]))
            await add_revision(conn, post, author_id, new, machine=machine, stages=stages, signed_first=signed_first)
    announce([post_id])


async def _attach(conn: Connection, post: Post, media_ids: Sequence[int]) -> None:
    """Attaches media to a locked post; they have to be ready if others see the post, or have seen it."""
    found = await attachments.lock_for_use(conn, media_ids, owner_ids=[post.author_id])
    ready = not await media_store.awaits_first_showing(conn, post.id)
    require_attachable(media_ids, found, owner_id=post.author_id, post_id=post.id, ready=ready)
    await attachments.attach_to_posts(conn, [(each, post.id) for each in media_ids if found[each].used_as is None])


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
            before = await hide_post(conn, post_id, state="deleted")
            await _require_no_draw(conn, post_id)
            media_ids = await attachments.list_attached(conn, [post_id])
            hidden = before.shown_state in ("removed", "rejected")
            if media_ids and (hidden or await cases.is_disputed(conn, post_id)):
                # Evidence for reviewers, for as long as it is kept.
                await purges.enqueue(conn, media_ids, "deleted")
            elif media_ids:
                await removal_store.mark_removed(conn, media_ids, "deleted")
            await cases.close_cases(conn, post_id=post_id)
    announce([post_id])


async def _add(
    conn: Connection, drafts: Sequence[tuple[Draft, int | None]], media: Mapping[int, UsableMedium]
) -> list[PostId]:
    found = await find_known_topics(conn, [draft.mentions for draft, _ in drafts])
    signed = [draft.author_id for draft, _ in drafts if draft.editorial_chain]
    official = await newsroom.list_official(conn, signed) if signed else frozenset()
    stages = [
        max([draft.stages, *(topic.stages for topic in topics_.values()), 1 if draft.author_id in official else 0])
        for (draft, _), topics_ in zip(drafts, found, strict=True)
    ]
    states = [first_state(draft.machine, needed) for (draft, _), needed in zip(drafts, stages, strict=True)]
    holds = [Hold.MEDIA if awaits_any(draft.content.media_ids, media) else NONE for draft, _ in drafts]
    ids = await store.add_posts(
        conn,
        [
            store.NewRow(
                id_,
                draft.author_id,
                draft.new,
                draft.ip_region,
                state,
                int(hold),
                has_video(draft.content.media_ids, media),
            )
            for (draft, id_), state, hold in zip(drafts, states, holds, strict=True)
        ],
    )
    await attachments.attach_to_posts(
        conn,
        [
            (media_id, post_id)
            for post_id, (draft, _) in zip(ids, drafts, strict=True)
            for media_id in draft.content.media_ids
        ],
    )
    await changes.add_stats(conn, ids)
    await add_revisions(
        conn,
        [
            NewRevision(
                post_id,
                draft.author_id,
                1,
                draft.content,
                draft.mentions,
                {key: topic.id for key, topic in topics_.items()},
                approved=state == "published",
                refused=state == "rejected",
                signed_first=draft.author_id in official,
            )
            for post_id, (draft, _), topics_, state in zip(ids, drafts, found, states, strict=True)
        ],
    )
    await store.list_under_topics(conn, ids)
    if media:
        await media_store.label_by_metadata(conn, ids)
    # Also those that wait, as of now: the approval, or the media, may come after a deadline that the post met.
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
        draft.author_id
        for (draft, _), state, hold in zip(drafts, states, holds, strict=True)
        if state == "published" and not hold
    )
    if shown:
        await accounts.change_post_counts(conn, shown)
    return ids


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
