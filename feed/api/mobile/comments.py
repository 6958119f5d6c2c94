"""Endpoints of comments and replies."""

from typing import Literal

import msgspec
from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from feed.accounts.model import Banned, Muted, PhoneNotVerified, Viewer
from feed.api.dependencies import (
    Cursor,
    InjectedAppState,
    InjectedKeyedRequest,
    InjectedReader,
    InjectedRegion,
    InjectedViewer,
    Limit,
    field_id,
    path_id,
)
from feed.api.responses import json_response, response_specs
from feed.api.state import AppState
from feed.comments import actions, edits
from feed.comments.actions import NewComment
from feed.comments.model import (
    FEATURED_MOST,
    TEXT,
    CommentId,
    CommentNotEditable,
    CommentNotFeaturable,
    CommentNotFound,
    CommentsClosed,
    CommentsLimited,
    CommentText,
    FeaturedFull,
    NotYourComment,
)
from feed.ids import GivenId
from feed.pagination import NEWEST, OLDEST, CursorExpired, Page, Position
from feed.posts.model import NotYourPost, PostId, PostNotFound, PostNotPublished
from feed.screens.comments import cards as screen
from feed.screens.comments import hot as hot_comments
from feed.screens.comments.cards import CommentCard, CommentRow
from feed.screens.comments.thread import Thread, read_thread
from feed.screens.posts.viewer_store import require_visible_post
from feed.texts import require_text


class CommentIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A comment, or with `reply_to_id` a reply."""

    text: CommentText
    reply_to_id: GivenId | None = None


class CommentChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The new text of a comment."""

    text: CommentText


@post(
    "/posts/{post_id:str}/comments",
    status_code=201,
    errors=(
        PostNotFound,
        PostNotPublished,
        CommentsClosed,
        CommentsLimited,
        Banned,
        Muted,
        PhoneNotVerified,
    ),
    limit="comments",
    fast_path=True,
)
async def add_comment(
    post_id: FromPath[str],
    data: JSONBody[CommentIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
    region: InjectedRegion,
) -> CommentCard:
    """Comment on a post. A reply to a reply belongs to the same root comment."""
    id_ = PostId(path_id(post_id, PostNotFound))
    reply_to = None if data.reply_to_id is None else CommentId(field_id(data.reply_to_id, "reply_to_id"))
    comment = NewComment.checked(viewer.account_id, id_, data.text, reply_to, keyed_request, region)
    await app_state.verified.require(viewer.account_id)
    comment_id = await app_state.comments.submit(comment.judged(*app_state.check("comment", comment.text)))
    return await app_state.comment_cards.submit((comment_id, viewer.account_id))


@get("/posts/{post_id:str}/comments", responses=response_specs(Page[CommentCard]), errors=(PostNotFound, CursorExpired))
async def list_comments(
    post_id: FromPath[str],
    app_state: InjectedAppState,
    reader: InjectedReader,
    sort: FromQuery[Literal["oldest", "newest", "hot"]] = "oldest",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Root comments, each with the number of its replies and the first of them. `hot` sorts by likes and replies.

    Up to three that the author of the post has put first come before the others.
    """
    id_ = path_id(post_id, PostNotFound)
    viewer_id = reader.account_id if reader else None
    async with app_state.pool.acquire() as conn:
        viewer_state = await require_visible_post(conn, id_, viewer_id)
    if sort == "hot":
        page = await hot_comments.read_page(
            app_state.pool,
            app_state.redis,
            app_state.cursors,
            id_,
            viewer_state=viewer_state,
            cursor=cursor,
            limit=limit,
            hours=app_state.chain.hours,
        )
        return json_response(msgspec.json.encode(page), public=reader is None)
    name = f"comments:{id_}:{sort}"
    listed, start = (screen.list_newest, NEWEST) if sort == "newest" else (screen.list_oldest, OLDEST)
    position = app_state.cursors.position(name, cursor, start)
    async with app_state.pool.acquire() as conn:
        # A shorter page has no room for them: they stay in their places.
        separate = limit > FEATURED_MOST
        featured = FEATURED_MOST if separate and cursor is None else 0
        ids = await listed(conn, id_, position, limit + 1, viewer_id, featured=featured, in_place=not separate)
        roots = await screen.list_comments(conn, ids, viewer_id)
        items = await screen.list_cards(conn, roots[:limit], viewer_state, app_state.chain.hours)
    return _page(app_state, name, roots, items, limit, public=reader is None)


@get("/comments/{comment_id:str}", responses=response_specs(Thread), errors=(CommentNotFound, PostNotFound))
async def get_comment(
    comment_id: FromPath[str], app_state: InjectedAppState, reader: InjectedReader
) -> Response[bytes]:
    """A comment in its thread: what a link to it leads to, however many comments the post has."""
    id_ = path_id(comment_id, CommentNotFound)
    async with app_state.pool.acquire() as conn:
        thread = await read_thread(conn, id_, reader.account_id if reader else None, app_state.chain.hours)
    return json_response(msgspec.json.encode(thread), public=reader is None)


@get(
    "/comments/{comment_id:str}/replies",
    responses=response_specs(Page[CommentCard]),
    errors=(
        CommentNotFound,
        PostNotFound,
    ),
)
async def list_replies(
    comment_id: FromPath[str],
    app_state: InjectedAppState,
    reader: InjectedReader,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[bytes]:
    """The replies under a root comment, oldest first."""
    id_ = path_id(comment_id, CommentNotFound)
    viewer_id = reader.account_id if reader else None
    name = f"replies:{id_}"
    position = app_state.cursors.position(name, cursor, OLDEST)
    async with app_state.pool.acquire() as conn:
        root = await screen.find_comment(conn, id_)
        if root is None or root.root_id is not None or not root.is_shown:
            raise CommentNotFound
        viewer_state = await require_visible_post(conn, root.post_id, viewer_id)
        ids = await screen.list_replies(conn, id_, position, limit + 1, viewer_id)
        replies = await screen.list_comments(conn, ids, viewer_id)
        items = [
            screen.comment_card(reply, hours=app_state.chain.hours)
            for reply in screen.without_hidden(replies[:limit], viewer_state)
        ]
    return _page(app_state, name, replies, items, limit, public=reader is None)


@delete(
    "/comments/{comment_id:str}",
    errors=(
        CommentNotFound,
        NotYourComment,
    ),
)
async def delete_comment(comment_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> None:
    """Delete a comment of the viewer. One that has replies leaves a placeholder."""
    id_ = CommentId(path_id(comment_id, CommentNotFound))
    await actions.delete_comment(app_state.pool, viewer.account_id, id_, announce=app_state.projector.touch)


@patch(
    "/comments/{comment_id:str}",
    errors=(
        CommentNotFound,
        NotYourComment,
        CommentNotEditable,
        PostNotFound,
        PostNotPublished,
        CommentsClosed,
        CommentsLimited,
        PhoneNotVerified,
        Banned,
        Muted,
    ),
    limit="comments",
)
async def edit_comment(
    comment_id: FromPath[str], data: JSONBody[CommentChange], app_state: InjectedAppState, viewer: InjectedViewer
) -> CommentCard:
    """Edit a comment of the viewer. It gets a new revision; others see the approved one until the new one is approved."""
    id_ = CommentId(path_id(comment_id, CommentNotFound))
    await app_state.verified.require(viewer.account_id)
    # The places of hits are those of the text as it is stored.
    text = require_text("text", data.text, TEXT)
    machine, stages = app_state.check("comment", text)
    await edits.edit_comment(
        app_state.pool,
        viewer.account_id,
        id_,
        text,
        machine=machine,
        stages=stages,
        announce=app_state.projector.touch,
    )
    return await app_state.comment_cards.submit((id_, viewer.account_id))


@put("/comments/{comment_id:str}/hidden", errors=(CommentNotFound, NotYourPost))
async def hide_comment(comment_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> CommentCard:
    """Hide a comment under a post of the viewer; staff may do so under any. Its author and that of the post still see it, as `hidden`."""
    return await _hide(app_state, comment_id, viewer, hidden=True)


@delete("/comments/{comment_id:str}/hidden", status_code=200, errors=(CommentNotFound, NotYourPost))
async def show_comment(comment_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> CommentCard:
    """Show a comment again that the author of the post, or staff, has hidden. Repeating it changes nothing."""
    return await _hide(app_state, comment_id, viewer, hidden=False)


@put("/comments/{comment_id:str}/featured", errors=(CommentNotFound, NotYourPost, CommentNotFeaturable, FeaturedFull))
async def feature_comment(
    comment_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> CommentCard:
    """Put a comment before the others under a post of the viewer, three at most. Repeating it changes nothing."""
    return await _feature(app_state, comment_id, viewer, featured=True)


@delete("/comments/{comment_id:str}/featured", status_code=200, errors=(CommentNotFound, NotYourPost))
async def end_featuring(comment_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> CommentCard:
    """Put a comment back among the others. Repeating it changes nothing."""
    return await _feature(app_state, comment_id, viewer, featured=False)


async def _hide(app_state: AppState, comment_id: str, viewer: Viewer, *, hidden: bool) -> CommentCard:
    id_ = CommentId(path_id(comment_id, CommentNotFound))
    await edits.hide_comment(app_state.pool, viewer.account_id, id_, hidden=hidden, announce=app_state.projector.touch)
    return await app_state.comment_cards.submit((id_, viewer.account_id))


async def _feature(app_state: AppState, comment_id: str, viewer: Viewer, *, featured: bool) -> CommentCard:
    id_ = CommentId(path_id(comment_id, CommentNotFound))
    await edits.feature_comment(
        app_state.pool, viewer.account_id, id_, featured=featured, announce=app_state.projector.touch
    )
    return await app_state.comment_cards.submit((id_, viewer.account_id))


def _page(
    app_state: AppState, name: str, rows: list[CommentRow], items: list[CommentCard], limit: int, *, public: bool
) -> Response[bytes]:
    more: Position | None = rows[limit - 1].position if len(rows) > limit else None
    page = Page(items, None if more is None else app_state.cursors.after(name, more))
    return json_response(msgspec.json.encode(page), public=public)


comments = Router(
    "/",
    route_handlers=[
        add_comment,
        list_comments,
        get_comment,
        list_replies,
        edit_comment,
        delete_comment,
        hide_comment,
        show_comment,
        feature_comment,
        end_featuring,
    ],
)
