"""Endpoints of editors for the hot list and for topics."""

import msgspec
from litestar import Router, delete, patch, put
from litestar.params import FromPath, JSONBody

from feed.api.dependencies import InjectedAppState, InjectedViewer, path_id
from feed.cases.chain import ReviewChain, chain_of, stages_of
from feed.curation import actions
from feed.curation.model import HotActionKind, HotReason, PinsFull, PostNotSigned, TopicInCampaign
from feed.posts.model import PostId, PostNotFound, PostNotPublished
from feed.screens.posts.cards import Id
from feed.screens.posts.hot_explain import HotActionCard, hot_action_card
from feed.times import Instant
from feed.topics.model import TopicName, TopicNotFound, TopicState


class HotActionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A hot action with its reason and end."""

    action: HotActionKind
    reason: HotReason
    until: Instant


class TopicIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Changes of a topic; absent members stay. `alias_of` is the name of the topic that this one is an alias of; null: none."""

    state: TopicState | msgspec.UnsetType = msgspec.UNSET
    alias_of: TopicName | msgspec.UnsetType | None = msgspec.UNSET
    review_chain: ReviewChain | msgspec.UnsetType = msgspec.UNSET


class EditorTopicCard(msgspec.Struct, frozen=True):
    """A topic for editors; hidden ones are included."""

    id: Id
    name: str
    state: TopicState
    alias_of_id: Id | None
    review_chain: ReviewChain


@put("/hot/{post_id:str}", errors=(PostNotFound, PostNotPublished, PostNotSigned, PinsFull))
async def put_hot_action(
    post_id: FromPath[str], data: JSONBody[HotActionIn], app_state: InjectedAppState, viewer: InjectedViewer
) -> HotActionCard:
    """Pin, boost or suppress a post on the hot list until a time. It replaces the post's hot action; an equal one changes nothing."""
    hot_action = await actions.put_hot_action(
        app_state.pool,
        viewer.account_id,
        PostId(path_id(post_id, PostNotFound)),
        action=data.action,
        reason=data.reason,
        until=data.until,
        editorial_chain=app_state.site_terms.editorial_chain,
    )
    return hot_action_card(hot_action)


@delete("/hot/{post_id:str}", errors=(PostNotFound,))
async def end_hot_action(post_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> None:
    """End the hot action of a post. Repeating it changes nothing."""
    await actions.end_hot_action(app_state.pool, viewer.account_id, PostId(path_id(post_id, PostNotFound)))


@patch("/topics/{name:str}", errors=(TopicNotFound, TopicInCampaign))
async def change_topic(
    name: FromPath[str], data: JSONBody[TopicIn], app_state: InjectedAppState, viewer: InjectedViewer
) -> EditorTopicCard:
    """Change a topic's state (`allowed`, `no_trend`, `hidden`, `closed`), make it an alias of another topic, or set its review chain."""
    topic = await actions.change_topic(
        app_state.pool,
        viewer.account_id,
        name,
        state=data.state,
        alias_of=data.alias_of,
        review_stages=msgspec.UNSET if data.review_chain is msgspec.UNSET else stages_of(data.review_chain),
    )
    alias_of_id = None if topic.alias_of is None else str(topic.alias_of)
    return EditorTopicCard(str(topic.id), topic.name, topic.state, alias_of_id, chain_of(topic.review_stages))


curation = Router("/", route_handlers=[put_hot_action, end_hot_action, change_topic])
