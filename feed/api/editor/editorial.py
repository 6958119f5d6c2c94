"""Endpoints for texts of the newsroom: read them, sign a stage, return them."""

from typing import Annotated, get_args

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from feed.accounts.model import Banned, RoleMissing
from feed.api.dependencies import (
    Cursor,
    InjectedAppState,
    InjectedKeyedRequest,
    InjectedViewer,
    Limit,
    path_id,
    requires_role,
)
from feed.campaigns.errors import CampaignNotFound
from feed.editorial import actions
from feed.editorial.actions import ReturnReason, TextNotFound
from feed.ids import MAX_ID
from feed.pagination import Page
from feed.posts.model import PostNotFound
from feed.screens.staff import editorial as screen
from feed.screens.staff.editorial import SignedTextCard, TextCard
from feed.signoffs.model import STAGES, Kind, NothingSigned, SignoffBarred, SignoffNotNext, SignoffStale
from feed.texts import opaque

# A SHA-256 in lower-case hexadecimal.
Sha256 = Annotated[str, opaque(64), msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stage to sign, and the hash of the text as it was read."""

    stage: Annotated[int, msgspec.Meta(ge=1, le=STAGES)]
    sha256: Sha256


class ReturnIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hash of the text as it was read, and the reason, which those who signed it read."""

    sha256: Sha256
    reason: ReturnReason


def _kind(name: str) -> Kind:
    """The kind of text in a path. Raises TextNotFound."""
    kinds: tuple[Kind, ...] = get_args(Kind)
    for kind in kinds:
        if kind == name:
            return kind
    raise TextNotFound


@get("/")
async def list_texts(
    app_state: InjectedAppState, viewer: InjectedViewer, limit: Limit = 20, cursor: Cursor = None
) -> Page[SignedTextCard]:
    """Texts with at least one signature, the latest signed first; a text may have changed since."""
    before_id = app_state.cursors.read("editorial", cursor, int) if cursor else MAX_ID
    async with app_state.pool.acquire() as conn:
        items, more = await screen.list_texts(conn, before_id=before_id, limit=limit)
    return Page(items, None if more is None else app_state.cursors.write("editorial", more))


@get("/{kind:str}/{subject_id:str}", errors=(TextNotFound,))
async def get_text(
    kind: FromPath[str], subject_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> TextCard:
    """A text as it would be published, with its signatures: a draft, a proposed change of published rules, or a post of the newsroom."""
    async with app_state.pool.acquire() as conn:
        return await screen.get_text(conn, _kind(kind), path_id(subject_id, TextNotFound), app_state.site_terms)


@post(
    "/{kind:str}/{subject_id:str}/sign",
    status_code=200,
    errors=(
        TextNotFound,
        CampaignNotFound,
        PostNotFound,
        SignoffStale,
        SignoffNotNext,
        SignoffBarred,
        RoleMissing,
        Banned,
    ),
)
async def sign_text(
    kind: FromPath[str],
    subject_id: FromPath[str],
    data: JSONBody[SignIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> TextCard:
    """Sign the next stage of a text. Four different persons sign, and an author only as 编辑."""
    kind_, id_ = _kind(kind), path_id(subject_id, TextNotFound)
    await actions.sign_text(
        app_state.pool,
        viewer.account_id,
        kind_,
        id_,
        sha256=bytes.fromhex(data.sha256),
        stage=data.stage,
        site=app_state.site_terms,
        request=keyed_request,
        announce=app_state.invalidate_posts,
    )
    async with app_state.pool.acquire() as conn:
        return await screen.get_text(conn, kind_, id_, app_state.site_terms)


@post(
    "/{kind:str}/{subject_id:str}/return",
    status_code=200,
    errors=(TextNotFound, CampaignNotFound, PostNotFound, SignoffStale, NothingSigned, RoleMissing, Banned),
)
async def return_text(
    kind: FromPath[str],
    subject_id: FromPath[str],
    data: JSONBody[ReturnIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> TextCard:
    """Return a text for a change: all of its signatures are undone, and those who signed are notified."""
    kind_, id_ = _kind(kind), path_id(subject_id, TextNotFound)
    await actions.return_text(
        app_state.pool,
        viewer.account_id,
        kind_,
        id_,
        sha256=bytes.fromhex(data.sha256),
        reason=data.reason,
        site=app_state.site_terms,
        request=keyed_request,
        announce=app_state.invalidate_posts,
    )
    async with app_state.pool.acquire() as conn:
        return await screen.get_text(conn, kind_, id_, app_state.site_terms)


editorial = Router(
    "/admin/editorial",
    route_handlers=[list_texts, get_text, sign_text, return_text],
    guards=[requires_role("reviewer", "editor", "admin")],
    opt={"limit": "staff"},
)
