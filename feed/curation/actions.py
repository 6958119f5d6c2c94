"""Actions of editors on the hot list and on topics; each writes a row of the audit log."""

from datetime import datetime

import msgspec

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import store as campaigns
from feed.campaigns.entries import store as entries
from feed.campaigns.locking import increment_versions
from feed.curation import store
from feed.curation.model import (
    PINS_MOST,
    REASON,
    HotAction,
    HotActionKind,
    PinsFull,
    PostNotSigned,
    TopicInCampaign,
    hot_problems,
)
from feed.editorial.store import is_unsigned
from feed.errors import FieldError, Invalid
from feed.postgres import Connection, Pool, transaction
from feed.posts import store as posts
from feed.posts.model import Post, PostId, PostNotFound, PostNotPublished
from feed.texts import read_text
from feed.topics import store as topics
from feed.topics.model import Topic, TopicNotFound, TopicState
from feed.topics.parse import is_topic_name, lookup_key, topic_key


async def put_hot_action(
    pool: Pool,
    editor_id: AccountId,
    post_id: PostId,
    *,
    action: HotActionKind,
    reason: str,
    until: datetime,
    editorial_chain: bool = False,
) -> HotAction:
    """Pins, boosts or suppresses a post until a time. It replaces the post's action; an equal one in force is returned unchanged.

    `editorial_chain`: a post of the newsroom is pinned only if it is signed.
    Raises Invalid, PostNotFound, PostNotPublished, PostNotSigned, PinsFull.
    """
    if problems := hot_problems(reason, until):
        raise Invalid(*problems)
    reason, _ = read_text(reason, REASON)
    async with transaction(pool) as conn:
        await store.lock_hot_list(conn)
        post = await _get_post(conn, post_id)
        if not post.is_visible:
            raise PostNotPublished
        if editorial_chain and action == "pin" and await is_unsigned(conn, post_id):
            raise PostNotSigned
        current = await store.find_unended(conn, post_id)
        if current is not None:
            if current.in_force and (current.action, current.reason, current.until) == (action, reason, until):
                return current
            await store.mark_ended(conn, current.id, by=editor_id)
        if action == "pin" and await store.count_pins(conn) >= PINS_MOST:
            raise PinsFull
        new = await store.add_hot_action(conn, post_id=post_id, action=action, reason=reason, until=until, by=editor_id)
        if new is None:
            raise Invalid(FieldError("until", "not_in_future"))
        await audit.add(
            conn, editor_id, f"hot.{action}", "post", post_id, {"reason": reason, "until": until.isoformat()}
        )
    return new


async def end_hot_action(pool: Pool, editor_id: AccountId, post_id: PostId) -> None:
    """Ends the hot action of a post; repeating it changes nothing. Raises PostNotFound."""
    async with transaction(pool) as conn:
        await store.lock_hot_list(conn)
        await _get_post(conn, post_id)
        current = await store.find_unended(conn, post_id)
        if current is None or not await store.mark_ended(conn, current.id, by=editor_id) or not current.in_force:
            return
        await audit.add(conn, editor_id, "hot.end", "post", post_id, {"action": current.action})


async def change_topic(
    pool: Pool,
    editor_id: AccountId,
    name: str,
    *,
    state: TopicState | msgspec.UnsetType,
    alias_of: str | msgspec.UnsetType | None,
    review_stages: int | msgspec.UnsetType = msgspec.UNSET,
) -> Topic:
    """Changes the state of a topic or its review, or makes it an alias of another one. UNSET leaves a member; no difference changes nothing.

    Raises Invalid, TopicNotFound, TopicInCampaign.
    """
    key = lookup_key(name)
    async with transaction(pool) as conn:
        await topics.lock_aliases(conn)
        topic = await topics.lock_topic(conn, key)
        if topic is None:
            raise TopicNotFound
        new_state = topic.state if state is msgspec.UNSET else state
        target_id = topic.alias_of if alias_of is msgspec.UNSET else await _target_id(conn, topic, alias_of)
        stages = topic.review_stages if review_stages is msgspec.UNSET else review_stages
        if (new_state, target_id, stages) == (topic.state, topic.alias_of, topic.review_stages):
            return topic
        await _require_no_campaign(conn, topic, new_state, target_id)
        if target_id is not None:
            # Aliases of this topic become aliases of its target: an alias is never resolved twice.
            await topics.change_aliases(conn, topic.id, target_id)
        changed = await topics.change_topic(conn, topic.id, state=new_state, alias_of=target_id, review_stages=stages)
        detail: dict[str, str | int] = {"state": new_state, "alias_of": "" if target_id is None else str(target_id)}
        if stages != topic.review_stages:
            detail["review_stages"] = stages
        await audit.add(conn, editor_id, "topic.change", "topic", topic.id, detail)
        if target_id is not None:
            await _enter_posts_of_aliases(conn, target_id)
    return changed


async def _require_no_campaign(conn: Connection, topic: Topic, state: TopicState, target_id: int | None) -> None:
    """Raises TopicInCampaign if the change would keep posts out of a campaign that takes them until its end.

    Neither the campaign's topic nor an alias of it may be closed or hidden, and the topic itself may not become an alias.
    An alias may be given up: its posts have another page then, and enter the campaign as before.
    """
    shuts = state in ("closed", "hidden") and state != topic.state
    moves = target_id is not None and target_id != topic.alias_of
    if not shuts and not moves:
        return
    taken_by = await campaigns.list_unended_topics(conn, topic.id)
    if (shuts and taken_by) or (moves and topic.id in taken_by):
        raise TopicInCampaign
    if moves and target_id is not None and await _joins_campaigns(conn, topic, target_id):
        raise TopicInCampaign


async def _joins_campaigns(conn: Connection, topic: Topic, target_id: int) -> bool:
    """Whether posts with the topic or an alias of it enter a campaign on one topic, and would enter one on the target as well."""
    if not await campaigns.list_unended_topics(conn, target_id):
        return False
    moved = [topic.id, *await topics.list_shown_aliases(conn, topic.id)]
    taken_by = {taker for each in moved for taker in await campaigns.list_unended_topics(conn, each)}
    return bool(taken_by - {target_id})


async def _enter_posts_of_aliases(conn: Connection, target_id: int) -> None:
    """Lets the aliases of a topic enter its campaigns that have not ended, and enters the posts that already have one of them."""
    alias_ids = await topics.list_shown_aliases(conn, target_id)
    await campaigns.add_entry_topics(conn, target_id, alias_ids)
    await increment_versions(conn, await entries.add_entries_of_topics(conn, alias_ids))


async def _get_post(conn: Connection, post_id: PostId) -> Post:
    post = await posts.find_post(conn, post_id)
    if post is None or post.state == "deleted":
        raise PostNotFound
    return post


async def _target_id(conn: Connection, topic: Topic, alias_of: str | None) -> int | None:
    if alias_of is None:
        return None
    # Text that is not a topic name may contain characters that Postgres rejects.
    target = await topics.find_by_key(conn, topic_key(alias_of)) if is_topic_name(alias_of) else None
    if target is None:
        raise Invalid(FieldError("alias_of", "not_found"))
    resolved = target.alias_of or target.id
    if resolved == topic.id:
        raise Invalid(FieldError("alias_of", "invalid_value"))
    return resolved
