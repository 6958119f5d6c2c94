"""Endpoints of likes of posts and comments, and of the likers of a post."""

from litestar import Response, Router, delete, get, put
from litestar.params import FromPath

from feed.accounts.model import Banned
from feed.api.dependencies import Cursor, InjectedAppState, InjectedViewer, Limit, path_id
from feed.api.responses import PRIVATE
from feed.comments.model import CommentId, CommentNotFound
from feed.likes.model import CommentLike, Like, Liked, LikesPrivate
from feed.pagination import Page
from feed.posts.model import PostId, PostNotFound
from feed.screens.posts import likers as screen
from feed.screens.posts.likers import LikerItem


@put(
    "/posts/{post_id:str}/like",
    errors=(
        PostNotFound,
        Banned,
    ),
    limit="likes",
    fast_path=True,
)
async def like_post(post_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> Liked:
    """Like a post. Repeating it changes nothing."""
    return await app_state.likes.submit(Like(PostId(path_id(post_id, PostNotFound)), viewer.account_id))


@delete(
    "/posts/{post_id:str}/like",
    status_code=200,
    errors=(
        PostNotFound,
        Banned,
    ),
    limit="likes",
    fast_path=True,
)
async def unlike_post(post_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> Liked:
    """Remove a like of a post. Repeating it changes nothing."""
    return await app_state.likes.submit(Like(PostId(path_id(post_id, PostNotFound)), viewer.account_id, liked=False))


@put(
    "/comments/{comment_id:str}/like",
    errors=(
        CommentNotFound,
        Banned,
    ),
    limit="likes",
    fast_path=True,
)
async def like_comment(comment_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> Liked:
    """Like a comment. Repeating it changes nothing."""
    id_ = CommentId(path_id(comment_id, CommentNotFound))
    return await app_state.comment_likes.submit(CommentLike(id_, viewer.account_id))


@delete(
    "/comments/{comment_id:str}/like",
    status_code=200,
    errors=(
        CommentNotFound,
        Banned,
    ),
    limit="likes",
    fast_path=True,
)
async def unlike_comment(comment_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> Liked:
    """Remove a like of a comment. Repeating it changes nothing."""
    id_ = CommentId(path_id(comment_id, CommentNotFound))
    return await app_state.comment_likes.submit(CommentLike(id_, viewer.account_id, liked=False))


@get(
    "/posts/{post_id:str}/likes",
    errors=(
        PostNotFound,
        LikesPrivate,
    ),
)
async def list_likers(
    post_id: FromPath[str],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[Page[LikerItem]]:
    """The accounts that like a post, latest first; for its author and staff."""
    id_ = path_id(post_id, PostNotFound)
    name = f"likers:{id_}"
    position = app_state.cursors.position(name, cursor)
    async with app_state.pool.acquire() as conn:
        viewer_state = await screen.require_visible_likers(conn, id_, viewer.account_id)
        rows = await screen.list_likers(conn, id_, position, limit + 1)
    more = app_state.cursors.after(name, rows[limit - 1].position) if len(rows) > limit else None
    shown = screen.without_hidden(rows[:limit], viewer_state)
    return Response(Page([screen.item(row) for row in shown], more), headers={"cache-control": PRIVATE})


likes = Router("/", route_handlers=[like_post, unlike_post, like_comment, unlike_comment, list_likers])
