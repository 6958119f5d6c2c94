"""Endpoints of the site-wide lists: latest, hot, videos."""

import msgspec
from litestar import Response, Router, get
from litestar.params import FromPath, FromQuery

from feed.accounts.store import list_rights
from feed.api.dependencies import Cursor, InjectedAppState, InjectedReader, Limit, field_id, path_id
from feed.api.responses import PRIVATE, json_response, response_specs
from feed.errors import FieldError, Invalid
from feed.pagination import CursorExpired, Page
from feed.posts.model import PostNotFound
from feed.screens.posts import feeds as screen
from feed.screens.posts import hot_explain, ranked_pages
from feed.screens.posts.cards import PostCard
from feed.screens.posts.hot_explain import HotReasons
from feed.screens.posts.viewer_store import require_visible_post


class NewCount(msgspec.Struct, frozen=True):
    """The number of newer posts; 100 means 100 or more."""

    count: int


@get("/feeds/latest", responses=response_specs(Page[PostCard]), conditional=True, fast_path=True)
async def list_latest(
    app_state: InjectedAppState, reader: InjectedReader, limit: Limit = 20, cursor: Cursor = None
) -> Response[bytes]:
    """The newest posts."""
    viewer_id = reader.account_id if reader else None
    body = await app_state.pages.page("latest", screen.list_latest, viewer_id=viewer_id, cursor=cursor, limit=limit)
    return json_response(body, public=reader is None)


@get("/feeds/latest/new", responses=response_specs(NewCount), fast_path=True, needs=("since_id",))
async def count_new(
    app_state: InjectedAppState, reader: InjectedReader, since_id: FromQuery[str | None] = None
) -> Response[bytes]:
    """The number of posts since this one, at most 100. Blocks and mutes are not considered; the post may be deleted."""
    if since_id is None:
        raise Invalid(FieldError("since_id", "required"))
    count = await app_state.new_posts.count(field_id(since_id, "since_id"))
    return json_response(msgspec.json.encode(NewCount(count)), public=reader is None)


@get("/feeds/hot", responses=response_specs(Page[PostCard]), errors=(CursorExpired,), conditional=True, fast_path=True)
async def list_hot(
    app_state: InjectedAppState, reader: InjectedReader, limit: Limit = 20, cursor: Cursor = None
) -> Response[bytes]:
    """Posts by hot score, at most 1,000. Later pages continue the ranking of the first page for ten minutes."""
    body = await ranked_pages.read_page(
        app_state.pages,
        app_state.redis,
        app_state.cursors,
        "hot-list",
        app_state.hot.rank_all,
        viewer_id=reader.account_id if reader else None,
        cursor=cursor,
        limit=limit,
    )
    return json_response(body, public=reader is None)


@get("/feeds/hot/{post_id:str}/why", errors=(PostNotFound,))
async def explain_hot(
    post_id: FromPath[str], app_state: InjectedAppState, reader: InjectedReader
) -> Response[HotReasons]:
    """The position of a post on the hot list, with the formula and its inputs. Staff also see the hot actions with their reasons."""
    id_ = path_id(post_id, PostNotFound)
    ranking = await app_state.hot.rank_all()
    async with app_state.pool.acquire() as conn:
        await require_visible_post(conn, id_, reader.account_id if reader else None)
        staff = reader is not None and bool(await list_rights(conn, reader.account_id))
        reasons = await hot_explain.explain_rank(conn, id_, ranking.ids, staff=staff)
    return Response(reasons, headers={"cache-control": PRIVATE})


@get("/feeds/videos", responses=response_specs(Page[PostCard]), conditional=True, fast_path=True)
async def list_videos(
    app_state: InjectedAppState, reader: InjectedReader, limit: Limit = 20, cursor: Cursor = None
) -> Response[bytes]:
    """The newest posts with a video."""
    viewer_id = reader.account_id if reader else None
    body = await app_state.pages.page("videos", screen.list_videos, viewer_id=viewer_id, cursor=cursor, limit=limit)
    return json_response(body, public=reader is None)


feeds = Router("/", route_handlers=[list_latest, count_new, list_hot, explain_hot, list_videos])
