"""Taking down what readers must not see, also without a case, and undoing it."""

from feed.accounts import store as accounts
from feed.accounts.model import AccountId, AccountNotFound
from feed.audit import store as audit
from feed.cases.holds import Hold
from feed.changes.store import Announce, announce_nothing
from feed.comments import hide_show as comment_visibility
from feed.comments import store as comments
from feed.comments.model import CommentNotFound
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.media import store as media
from feed.media.model import MediaNotFound
from feed.moderation.model import OwnSubject, StaffProtected
from feed.moderation.takedowns import image_store as images
from feed.moderation.takedowns import store
from feed.moderation.takedowns.model import Image, Takedown, TakedownNotFound, Target, image_of
from feed.moderation.takedowns.notices import lifted_notice, takedown_notice
from feed.postgres import Connection, Pool, transaction
from feed.posts import hide_show as post_visibility
from feed.posts import store as posts
from feed.posts.model import PostNotFound
from feed.profiles import avatars
from feed.reasons import AdverseReason, ReinstatementReason
from feed.topics import store as topics
from feed.topics.model import TopicNotFound
from feed.topics.parse import is_topic_name, topic_key


async def take_down(
    pool: Pool,
    actor_id: AccountId,
    target: Target,
    reason_code: AdverseReason,
    request: KeyedRequest | None = None,
    *,
    announce: Announce = announce_nothing,
) -> Takedown:
    """Takes a post, a comment, a topic, the person behind an account, or an image down; returns the takedown.

    A target that is taken down already stays as it is. Of a person or a topic, cards and lists hide the items at once; a job
    writes their holds in chunks. Of an image the job finds the posts; what becomes ready from now on is refused.

    Raises Invalid, PostNotFound, CommentNotFound, TopicNotFound, AccountNotFound, MediaNotFound, OwnSubject, StaffProtected.
    """
    async with idempotent_transaction(pool, actor_id, request) as (conn, _):
        await store.lock_takedowns(conn)
        found = await _find(conn, target)
        if found is not None and found.lifted_at is None:
            return found
        takedown = await _add(conn, actor_id, target, reason_code)
        detail = {"kind": takedown.kind, "reason_code": reason_code, "takedown_id": str(takedown.id)}
        await _record(conn, actor_id, "takedown.impose", takedown, detail)
    announce([] if takedown.post_id is None else [takedown.post_id])
    return takedown


async def lift_takedown(
    pool: Pool,
    actor_id: AccountId,
    target: Target,
    reason: ReinstatementReason,
    *,
    announce: Announce = announce_nothing,
) -> None:
    """Ends the takedown of a target, which is as it was before except for what else has happened to it; a second time changes nothing.

    Raises Invalid, TakedownNotFound, OwnSubject, StaffProtected.
    """
    async with transaction(pool) as conn:
        await store.lock_takedowns(conn)
        takedown = await _find(conn, target)
        if takedown is None:
            raise TakedownNotFound
        if takedown.lifted_at is not None:
            return
        await _require_allowed(conn, actor_id, takedown.author_id, whole_person=takedown.kind == "user")
        await end_takedown(conn, actor_id, takedown, reason)
        await _notify(conn, takedown, lifted=True)
    announce([] if takedown.post_id is None else [takedown.post_id])


async def end_takedown(conn: Connection, actor_id: AccountId, takedown: Takedown, reason: ReinstatementReason) -> None:
    """Ends a takedown in force; its author is notified by the caller. The takedowns are locked."""
    # Accounts and aliases that were added since are in the scope too, so that what they have under the hold is shown again.
    await cover(conn, takedown)
    await store.lift_takedown(conn, takedown.id, actor_id=actor_id, reason=reason)
    if takedown.kind == "post":
        await post_visibility.change_holds(conn, takedown.number, remove=Hold.SUBJECT)
    if takedown.kind == "comment":
        await comment_visibility.change_holds(conn, takedown.number, remove=Hold.SUBJECT)
    if takedown.kind == "image_hash":
        await images.unblock(conn, takedown.id)
    detail = {"kind": takedown.kind, "reason_code": reason, "takedown_id": str(takedown.id)}
    await _record(conn, actor_id, "takedown.lift", takedown, detail)


async def cover(conn: Connection, takedown: Takedown) -> None:
    """Takes in what belongs to the target of a takedown in force: each account of the person, each alias of the topic."""
    if takedown.kind == "user":
        await avatars.purge_of_taken_down(conn, await store.add_account_scopes(conn, takedown.id))
    if takedown.kind == "topic":
        await store.add_topic_scopes(conn, takedown.id)


async def _find(conn: Connection, target: Target) -> Takedown | None:
    """The takedown of the target that is in force, or else the newest one."""
    if target.kind == "user":
        return await store.find_of_person(conn, target.number)
    if target.kind == "topic":
        return await store.find_of_topic(conn, await _find_topic(conn, target) or 0)
    return await store.find_newest(conn, target.kind, target.image if target.kind == "image_hash" else target.id)


async def _find_topic(conn: Connection, target: Target) -> int | None:
    """The topic with this id or, for a name, the one whose page the name leads to; None if there is none."""
    if target.number:
        return await topics.find_id(conn, target.number)
    named = await topics.find_by_key(conn, topic_key(target.id)) if is_topic_name(target.id) else None
    return None if named is None else named.alias_of or named.id


async def _add(conn: Connection, actor_id: AccountId, target: Target, reason_code: str) -> Takedown:
    author_id, post_id, revision, found = await _read_target(conn, target)
    image = await _read_image(conn, found) if target.kind == "image_hash" else None
    await _require_allowed(conn, actor_id, author_id, whole_person=target.kind == "user")
    takedown = await store.add_takedown(
        conn,
        kind=target.kind,
        target=found,
        author_id=author_id,
        post_id=post_id,
        revision=revision,
        reason_code=reason_code,
        actor_id=actor_id,
    )
    if target.kind == "post":
        await post_visibility.change_holds(conn, target.number, add=Hold.SUBJECT)
    if target.kind == "comment":
        await comment_visibility.change_holds(conn, target.number, add=Hold.SUBJECT)
    if image is not None:
        await images.block(conn, takedown.id, image)
    await cover(conn, takedown)
    await _notify(conn, takedown, lifted=False)
    return takedown


async def _read_target(conn: Connection, target: Target) -> tuple[int | None, int | None, int | None, str]:
    """Author, post, shown revision and stored id of what is to be taken down. Deleted items are gone for readers already.

    Raises Invalid, PostNotFound, CommentNotFound, TopicNotFound, AccountNotFound.
    """
    match target.kind:
        case "post":
            post = await posts.find_post(conn, target.number)
            if post is None or post.state == "deleted":
                raise PostNotFound
            return post.author_id, post.id, post.revision, target.id
        case "comment":
            comment = await comments.find_comment(conn, target.number)
            if comment is None or comment.state == "deleted":
                raise CommentNotFound
            return comment.author_id, comment.post_id, None, target.id
        case "topic":
            topic_id = await _find_topic(conn, target)
            if topic_id is None:
                raise TopicNotFound
            return None, None, None, str(topic_id)
        case "user":
            account = await accounts.find_account(conn, target.number)
            if account is None:
                raise AccountNotFound
            return account.id, None, None, target.id
        case "image_hash":
            return None, None, None, target.image


async def _read_image(conn: Connection, stored: str) -> Image:
    """The hashes of an image, of a photo or video those that it has. Raises Invalid, MediaNotFound."""
    image = image_of(stored)
    if image.media_id is None:
        return image
    medium = await media.find_medium(conn, image.media_id)
    if medium is None or (medium.sha256 is None and medium.perceptual_hash is None):
        raise MediaNotFound
    return Image(medium.sha256, medium.perceptual_hash, medium.id)


async def _require_allowed(conn: Connection, actor_id: AccountId, author_id: int | None, *, whole_person: bool) -> None:
    """Raises OwnSubject for an item of the actor's person, and StaffProtected for a member of staff if the actor is no admin."""
    if author_id is None:
        return
    same = await accounts.list_same_person(conn, author_id)
    if actor_id in same:
        raise OwnSubject
    if not whole_person or "admin" in await accounts.list_rights(conn, actor_id):
        return
    if [role for same_id in same for role in await accounts.list_roles(conn, same_id)]:
        raise StaffProtected


async def _notify(conn: Connection, takedown: Takedown, *, lifted: bool) -> None:
    """Notifies the authors who are known at once; those of posts under a topic are notified with the chunk that has their posts."""
    if takedown.kind == "user":
        account_ids = await store.list_scoped_accounts(conn, takedown.id)
    elif takedown.author_id is None or await accounts.find_account(conn, takedown.author_id) is None:
        return
    else:
        account_ids = [takedown.author_id]
    notice = lifted_notice if lifted else takedown_notice
    await inbox.add_notifications(conn, [notice(takedown, account_id) for account_id in account_ids])


async def _record(
    conn: Connection, actor_id: AccountId, action: str, takedown: Takedown, detail: dict[str, str]
) -> None:
    if takedown.kind == "image_hash":
        await audit.add(conn, actor_id, action, "image", None, detail | {"image_hash": takedown.target})
        return
    kind = "account" if takedown.kind == "user" else takedown.kind
    await audit.add(conn, actor_id, action, kind, takedown.number, detail)
