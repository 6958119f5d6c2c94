"""Public endpoints of campaigns: rules, entries, leaderboard, and the viewer's own participation."""

import time
from typing import Annotated, Literal, TypeVar

from litestar import Response, Router, get
from litestar.params import FromPath, FromQuery, QueryParameter

from feed.api.dependencies import MAX_NUMBER, Cursor, InjectedAppState, InjectedReader, InjectedViewer, Limit, path_id
from feed.api.responses import PRIVATE, PUBLIC, json_response, response_specs
from feed.campaigns.errors import BoardHidden, CampaignNotFound, RulesNotFound
from feed.campaigns.model import State
from feed.errors import Unauthenticated
from feed.ids import MAX_ID
from feed.pagination import CursorExpired, Page, Position
from feed.postgres import Connection
from feed.screens.campaigns import cards as screen
from feed.screens.campaigns import leaderboard, my_participation
from feed.screens.campaigns.cards import CampaignCard, RulesCard
from feed.screens.campaigns.leaderboard import Leaderboard
from feed.screens.campaigns.lists import list_ids, list_name
from feed.screens.campaigns.my_participation import Participation
from feed.screens.campaigns.pictures import list_pictures
from feed.screens.posts import feeds, ranked_pages
from feed.screens.posts.cards import PostCard
from feed.screens.posts.feeds import Listed
from feed.screens.posts.hot_lists import Ranking
from feed.screens.posts.page_render import PageBase
from feed.topics.model import TOPIC_NAME

T = TypeVar("T")

# Litestar reserves the parameter name `state` for the application's state.
CampaignState = Annotated[State | None, QueryParameter(name="state")]
OfTopic = Annotated[
    str | None,
    QueryParameter(
        max_length=TOPIC_NAME.raw_longest, description="Name of a topic in any spelling, with or without marks."
    ),
]
Mine = Annotated[bool, QueryParameter(description="Only campaigns that the viewer takes part in.")]
Ended = Annotated[bool, QueryParameter(description="Only campaigns that take no entries any more.")]
Version = Annotated[int | None, QueryParameter(ge=1, le=MAX_NUMBER)]


@get("/campaigns", errors=(Unauthenticated,))
async def list_campaigns(
    app_state: InjectedAppState,
    reader: InjectedReader,
    campaign_state: CampaignState = None,
    topic: OfTopic = None,
    mine: Mine = False,
    ended: Ended = False,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[Page[CampaignCard]]:
    """Published campaigns, newest first. `state` is computed at the time of the request.

    `topic`: those on this topic, by any of its spellings and aliases. `mine`: those that the viewer takes part in (needs a token).
    `ended`: those that take no entries any more, cancelled ones too.
    """
    if mine and reader is None:
        raise Unauthenticated
    participant_id = reader.account_id if mine and reader is not None else None
    states = screen.states_of(campaign_state, ended=ended)
    name = list_name(campaign_state, topic, participant_id, ended=ended)
    last_id = app_state.cursors.read(name, cursor, int) if cursor else MAX_ID
    async with app_state.pool.acquire() as conn:
        among = await list_ids(conn, topic=topic, participant_id=participant_id)
        rows = await screen.list_rows(conn, states=states, drafts=False, last_id=last_id, limit=limit + 1, among=among)
        pictures = await list_pictures(conn, rows[:limit], app_state.media)
    more = app_state.cursors.write(name, rows[limit].id) if len(rows) > limit else None
    page = Page([screen.card(row, pictures) for row in rows[:limit]], more)
    return _public_response(page) if participant_id is None else Response(page, headers={"cache-control": PRIVATE})


@get("/campaigns/{campaign_id:str}", errors=(CampaignNotFound,), conditional=True)
async def get_campaign(
    campaign_id: FromPath[str], app_state: InjectedAppState, reader: InjectedReader
) -> Response[CampaignCard]:
    """A published campaign."""
    id_ = path_id(campaign_id, CampaignNotFound)
    async with app_state.pool.acquire() as conn:
        return _public_response(await screen.get_campaign(conn, id_, app_state.media))


@get(
    "/campaigns/{campaign_id:str}/rules",
    errors=(
        CampaignNotFound,
        RulesNotFound,
    ),
    conditional=True,
)
async def get_rules(
    campaign_id: FromPath[str], app_state: InjectedAppState, reader: InjectedReader, version: Version = None
) -> Response[RulesCard]:
    """The rules in force, or an earlier version. Every version stays public."""
    async with app_state.pool.acquire() as conn:
        return _public_response(await screen.get_rules(conn, path_id(campaign_id, CampaignNotFound), version))


@get(
    "/campaigns/{campaign_id:str}/posts",
    responses=response_specs(Page[PostCard]),
    errors=(CampaignNotFound, CursorExpired),
    conditional=True,
    fast_path=True,
)
async def list_campaign_posts(
    campaign_id: FromPath[str],
    app_state: InjectedAppState,
    reader: InjectedReader,
    sort: FromQuery[Literal["latest", "hot"]] = "latest",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[bytes]:
    """The visible entries, newest first or by hot score."""
    id_ = path_id(campaign_id, CampaignNotFound)
    viewer_id = reader.account_id if reader else None

    async def listed(conn: Connection, after: Position, most: int) -> list[Listed]:
        await leaderboard.get_published(conn, id_)
        return await feeds.list_of_campaign(conn, id_, after, most)

    async def rank() -> Ranking:
        async with app_state.pool.acquire() as conn:
            await leaderboard.get_published(conn, id_)
        return await app_state.hot.rank_campaign(id_)

    if sort == "latest":
        body = await app_state.pages.page(f"campaign:{id_}", listed, viewer_id=viewer_id, cursor=cursor, limit=limit)
    else:
        body = await ranked_pages.read_page(
            app_state.pages,
            app_state.redis,
            app_state.cursors,
            f"hot-entries:{id_}",
            rank,
            viewer_id=viewer_id,
            cursor=cursor,
            limit=limit,
        )
    return json_response(body, public=reader is None)


@get(
    "/campaigns/{campaign_id:str}/leaderboard",
    responses=response_specs(Leaderboard),
    errors=(
        CampaignNotFound,
        BoardHidden,
    ),
    fast_path=True,
)
async def get_leaderboard(
    campaign_id: FromPath[str], app_state: InjectedAppState, reader: InjectedReader, limit: Limit = 20
) -> Response[bytes]:
    """The best entries. Until the marks are locked the score is engagement only."""
    id_ = path_id(campaign_id, CampaignNotFound)

    async def read() -> PageBase:
        read_at = time.monotonic()
        board = await leaderboard.get_leaderboard(app_state.leaderboards, id_, limit=limit)
        fragments = await app_state.pages.fragments([entry.post_id for entry in board.entries])
        return leaderboard.leaderboard_base(board, fragments, read_at=read_at)

    base = await app_state.pages.cached(("leaderboard", id_, limit), read)
    rendered = await app_state.pages.render(base, reader.account_id if reader else None)
    # No ETag: `as_of` changes with every read.
    return json_response(rendered.body, public=reader is None)


@get("/campaigns/{campaign_id:str}/me", errors=(CampaignNotFound,))
async def get_participation(
    campaign_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[Participation]:
    """The viewer's own entries: shown and counted engagement, and how much is not counted, by reason."""
    id_ = path_id(campaign_id, CampaignNotFound)
    mine = await my_participation.get_participation(app_state.leaderboards, id_, viewer.account_id)
    return Response(mine, headers={"cache-control": PRIVATE})


def _public_response(content: T) -> Response[T]:
    # The response is the same for all viewers, so a shared cache may keep it for a second.
    return Response(content, headers={"cache-control": PUBLIC})


campaigns = Router(
    "/",
    route_handlers=[list_campaigns, get_campaign, get_rules, list_campaign_posts, get_leaderboard, get_participation],
)
