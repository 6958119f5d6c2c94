"""Endpoints that take down posts, comments, topics, users and images, and undo it."""

from typing import Annotated, Literal

import msgspec
from litestar import Router, delete, get, post
from litestar.params import JSONBody, QueryParameter

from feed.accounts.model import AccountNotFound
from feed.api.dependencies import Cursor, InjectedAppState, InjectedKeyedRequest, InjectedViewer, Limit
from feed.comments.model import CommentNotFound
from feed.media.model import MediaNotFound
from feed.moderation.model import OwnSubject, StaffProtected
from feed.moderation.takedowns import actions
from feed.moderation.takedowns.model import LiftReason, Link, TakedownNotFound, Target, lift_reason, target_of
from feed.pagination import NEWEST, Page
from feed.posts.model import PostNotFound
from feed.reasons import AdverseReason
from feed.screens.staff import takedowns as screen
from feed.screens.staff.takedowns import TakedownCard
from feed.topics.model import TopicNotFound

# Litestar reserves the parameter name `state` for the application's state.
TakedownState = Annotated[Literal["in_force", "lifted"], QueryParameter(name="state")]


class TakedownIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is taken down, by `target` or by a link of this site, and the reason, which its author reads."""

    reason_code: AdverseReason
    target: Target | None = None
    link: Link | None = None


class LiftIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose takedown ends, by `target` or by a link, and why: `mistaken` without a reason, or with that of the takedown."""

    target: Target | None = None
    link: Link | None = None
    reason_code: LiftReason | None = None


@post(
    "/",
    status_code=201,
    errors=(
        PostNotFound,
        CommentNotFound,
        TopicNotFound,
        AccountNotFound,
        MediaNotFound,
        OwnSubject,
        StaffProtected,
    ),
)
async def take_down(
    data: JSONBody[TakedownIn], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> TakedownCard:
    """Take down a post, a comment, a topic with its posts, a user with all accounts and items, or an image.

    Readers no longer see it within 2 seconds, also where there is no case; of an image, posts with the same file, or with one that looks
    the same, are found by a job. A target that is taken down already stays as it is.
    """
    target = target_of(data.target, data.link, app_state.links)
    takedown = await actions.take_down(
        app_state.pool, viewer.account_id, target, data.reason_code, keyed_request, announce=app_state.invalidate_posts
    )
    async with app_state.pool.acquire() as conn:
        rows = await screen.list_takedowns(conn, [takedown.id])
        (card,) = await screen.read_cards(conn, rows, app_state.granted)
    return card


@delete("/", errors=(TakedownNotFound, OwnSubject, StaffProtected))
async def lift_takedown(data: JSONBody[LiftIn], app_state: InjectedAppState, viewer: InjectedViewer) -> None:
    """Undo a takedown. What else hides an item stays; repeating it changes nothing."""
    target = target_of(data.target, data.link, app_state.links)
    await actions.lift_takedown(
        app_state.pool,
        viewer.account_id,
        target,
        lift_reason(data.reason_code),
        announce=app_state.invalidate_posts,
    )


@get("/")
async def list_takedowns(
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    takedown_state: TakedownState = "in_force",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[TakedownCard]:
    """Takedowns in force, or ended ones, newest first, with what was taken down."""
    name = f"takedowns:{takedown_state}"
    position = app_state.cursors.position(name, cursor, NEWEST)
    async with app_state.pool.acquire() as conn:
        ids = await screen.list_ids(conn, takedown_state, position, limit + 1)
        rows = await screen.list_takedowns(conn, ids)
        items = await screen.read_cards(conn, rows[:limit], app_state.granted)
    more = rows[limit - 1].position if len(rows) > limit else None
    return Page(items, None if more is None else app_state.cursors.after(name, more))


takedowns = Router("/moderation/takedowns", route_handlers=[take_down, lift_takedown, list_takedowns])
