"""Endpoints of editors for the hot list and for topics."""

import msgspec
from litestar import Response, Router, delete, get, patch, put
from litestar.params import FromPath, JSONBody

from feed.api.dependencies import Cursor, InjectedAppState, InjectedViewer, Limit, path_id
from feed.api.responses import PRIVATE
from feed.cases.chain import ReviewChain, stages_of
from feed.curation import actions, store
from feed.curation.model import HotActionKind, HotReason, PinsFull, PostNotSigned, TopicInCampaign
from feed.pagination import Page
from feed.posts.model import PostId, PostNotFound, PostNotPublished
from feed.screens.posts.hot_explain import HotActionCard, hot_action_card
from feed.screens.staff import topics as screen
from feed.screens.staff.topics import EditorTopicCard
from feed.times import Instant
from feed.topics.model import TopicName, TopicNotFound, TopicState
from feed.topics.parse import lookup_key


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


class HotActions(msgspec.Struct, frozen=True):
    """Hot actions in force."""

    items: list[HotActionCard]


@get("/hot")
async def list_hot_actions(app_state: InjectedAppState, viewer: InjectedViewer) -> Response[HotActions]:
    """The hot actions in force, newest first; those of posts that are not on the list are included."""
    async with app_state.pool.acquire() as conn:
        found = await store.list_in_force(conn)
    return Response(HotActions([hot_action_card(each) for each in found]), headers={"cache-control": PRIVATE})


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


@get("/topics")
async def list_changed_topics(
    app_state: InjectedAppState, viewer: InjectedViewer, limit: Limit = 20, cursor: Cursor = None
) -> Response[Page[EditorTopicCard]]:
    """Topics that are not simply `allowed`, are an alias, or have a review chain of their own; the newest topic first."""
    before_id = app_state.cursors.before_id("changed topics", cursor)
    async with app_state.pool.acquire() as conn:
        found = await screen.list_changed(conn, before_id=before_id, limit=limit + 1)
    return Response(app_state.cursors.page_by_id("changed topics", found, limit), headers={"cache-control": PRIVATE})


@get("/topics/{name:str}", errors=(TopicNotFound,))
async def get_topic_for_editors(
    name: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[EditorTopicCard]:
    """A topic in any state, by its name without marks. An alias is returned itself, with the topic that it resolves to."""
    async with app_state.pool.acquire() as conn:
        card = await screen.get_topic(conn, lookup_key(name))
    return Response(card, headers={"cache-control": PRIVATE})


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
    async with app_state.pool.acquire() as conn:
        return await screen.get_topic(conn, topic.key)


curation = Router(
    "/",
    route_handlers=[
        list_hot_actions,
        put_hot_action,
        end_hot_action,
        list_changed_topics,
        get_topic_for_editors,
        change_topic,
    ],
)
