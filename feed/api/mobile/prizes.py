"""Endpoints of published results and draws, and of the viewer's own prizes."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post, put
from litestar.datastructures.state import State
from litestar.params import FromPath, FromQuery, JSONBody

from feed.api.dependencies import (
    AnyRequest,
    Cursor,
    InjectedAppState,
    InjectedKeyedRequest,
    InjectedReader,
    InjectedViewer,
    Limit,
    path_id,
)
from feed.api.requests import is_read_by_user
from feed.api.responses import PRIVATE, is_known, json_response, not_modified, response_specs
from feed.api.state import AppState
from feed.campaigns.errors import CampaignNotFound
from feed.errors import FieldError, Invalid
from feed.keys.fingerprints import KeysUnusable
from feed.keys.kms import KmsAway
from feed.pagination import Page, Position
from feed.prizes.claims import actions as claim_actions
from feed.prizes.claims import codes, fulfilment
from feed.prizes.claims.codes import ShownCode
from feed.prizes.claims.form import ClaimForm
from feed.prizes.draw.model import DrawNotFound
from feed.prizes.model import (
    ClaimClosed,
    CodesMissing,
    CodesShown,
    NotYourPrize,
    PrivacyVersionStale,
    PrizeNotFinal,
    PrizeNotFound,
    ProofNotFound,
    ResultNotFound,
    WinnerId,
    WrongPrizeState,
)
from feed.prizes.result.amendment import Amendment
from feed.prizes.result.document import Result
from feed.prizes.result.proof import Proof
from feed.screens.posts.page_render import Rendered
from feed.screens.prizes import cards as screen
from feed.screens.prizes import draws as draws_screen
from feed.screens.prizes import proofs as proofs_screen
from feed.screens.prizes.cards import PrizeCard
from feed.screens.prizes.draws import DrawCard


class PublishedResult(Result, frozen=True):
    """The signed document, its separately signed amendments, and the masked names of the winners' pseudonyms."""

    amendments: list[Amendment]
    people: dict[str, str]


@get(
    "/campaigns/{campaign_id:str}/result",
    responses=response_specs(PublishedResult),
    errors=(
        CampaignNotFound,
        ResultNotFound,
    ),
    conditional=True,
)
async def get_result(
    campaign_id: FromPath[str], app_state: InjectedAppState, reader: InjectedReader, request: AnyRequest
) -> Response[bytes]:
    """The result of an announced campaign. The signed document is unchanged byte for byte; amendments and names are added.

    Names are masked, except for staff and for the viewer's own.
    """
    viewer_id = None if reader is None else reader.account_id
    public = reader is None
    async with app_state.pool.acquire() as conn:
        version = await screen.get_result_version(conn, path_id(campaign_id, CampaignNotFound), viewer_id)
        # Of a hundred thousand entries it is 20 MB, which are read for new versions only.
        if is_known(request.scope, b'"%b"' % version.tag):
            return not_modified(version.tag, public=public)
        body = await screen.read_result(conn, version)
    return json_response(Rendered(body, version.tag), public=public)


@get(
    "/campaigns/{campaign_id:str}/proof",
    responses=response_specs(Proof),
    errors=(CampaignNotFound, ResultNotFound, ProofNotFound),
    conditional=True,
)
async def get_proof(
    campaign_id: FromPath[str],
    app_state: InjectedAppState,
    reader: InjectedReader,
    request: AnyRequest,
    post_id: FromQuery[str | None] = None,
    comment_id: FromQuery[str | None] = None,
) -> Response[bytes]:
    """One entry's row of the result of an announced campaign, with its path to the signed root: checked without the other rows.

    The entry is that of a post or comment; without either it is the best one of the signed-in viewer's person.
    """
    if post_id is not None and comment_id is not None:
        raise Invalid(FieldError("post_id", "one_of", {"allowed": ["post_id", "comment_id"]}))
    if post_id is None and comment_id is None and reader is None:
        raise Invalid(FieldError("post_id", "required"))
    public = reader is None
    async with app_state.pool.acquire() as conn:
        version = await proofs_screen.find_version(
            conn,
            path_id(campaign_id, CampaignNotFound),
            post_id=None if post_id is None else path_id(post_id, ProofNotFound),
            comment_id=None if comment_id is None else path_id(comment_id, ProofNotFound),
            account_id=None if reader is None else reader.account_id,
        )
        if is_known(request.scope, b'"%b"' % version.tag):
            return not_modified(version.tag, public=public)
        body = await proofs_screen.read_proof(conn, version)
    return json_response(Rendered(body, version.tag), public=public)


@get("/campaigns/{campaign_id:str}/draw", responses=response_specs(DrawCard), errors=(DrawNotFound,), conditional=True)
async def get_draw(campaign_id: FromPath[str], app_state: InjectedAppState) -> Response[bytes]:
    """A draw: its commitment, the hash of its list, the beacon that it waits for, and the beacon's value."""
    async with app_state.pool.acquire() as conn:
        card = await draws_screen.get_draw(conn, path_id(campaign_id, DrawNotFound))
    return json_response(msgspec.json.encode(card), public=True)


@get("/me/prizes")
async def list_prizes(
    app_state: InjectedAppState, viewer: InjectedViewer, limit: Limit = 20, cursor: Cursor = None
) -> Response[Page[PrizeCard]]:
    """The viewer's prizes, newest first. Listing changes nothing: a client may fetch the list before the user opens it."""
    name = f"prizes:{viewer.account_id}"
    after = app_state.cursors.position(name, cursor)
    async with app_state.pool.acquire() as conn:
        found = await screen.list_prizes(conn, viewer.account_id, after, limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    next_cursor = app_state.cursors.after(name, Position(shown[-1].notified_at, int(shown[-1].id))) if more else None
    return Response(Page(shown, next_cursor), headers={"cache-control": PRIVATE})


@get(
    "/me/prizes/{prize_id:str}",
    errors=(
        PrizeNotFound,
        NotYourPrize,
    ),
)
async def get_prize(
    prize_id: FromPath[str],
    request: Request[Any, Any, State],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
) -> Response[PrizeCard]:
    """A prize of the viewer. Opening it changes its state from `notified` to `viewed`; HEAD and a prefetch do not."""
    winner_id = WinnerId(path_id(prize_id, PrizeNotFound))
    await claim_actions.open_prize(app_state.pool, viewer.account_id, winner_id, is_viewed=is_read_by_user(request))
    return await _prize(app_state, winner_id)


@put(
    "/me/prizes/{prize_id:str}/claim",
    errors=(
        PrizeNotFound,
        NotYourPrize,
        ClaimClosed,
        PrivacyVersionStale,
        KeysUnusable,
        KmsAway,
    ),
    limit="claims",
)
async def claim_prize(
    prize_id: FromPath[str], data: JSONBody[ClaimForm], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[PrizeCard]:
    """Submit the details that the prize needs. They may be changed until the claim deadline.

    `privacy_version` is the version of the privacy text that the winner has read and agreed to: `privacy.version` of `/v1/config`.
    """
    winner_id = WinnerId(path_id(prize_id, PrizeNotFound))
    await claim_actions.claim_prize(
        app_state.pool,
        app_state.keys,
        viewer.account_id,
        winner_id,
        data,
        privacy_version=app_state.settings.privacy_version,
    )
    return await _prize(app_state, winner_id)


@post(
    "/me/prizes/{prize_id:str}/decline",
    status_code=200,
    errors=(PrizeNotFound, NotYourPrize, WrongPrizeState),
)
async def decline_prize(
    prize_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> Response[PrizeCard]:
    """Decline a prize, until its claim is verified. The claim is removed, and the next reserve gets the place."""
    winner_id = WinnerId(path_id(prize_id, PrizeNotFound))
    await fulfilment.decline_prize(app_state.pool, app_state.keys, viewer.account_id, winner_id, keyed_request)
    return await _prize(app_state, winner_id)


@post(
    "/me/prizes/{prize_id:str}/received",
    status_code=200,
    errors=(PrizeNotFound, NotYourPrize, PrizeNotFinal, WrongPrizeState),
)
async def receive_prize(
    prize_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> Response[PrizeCard]:
    """Confirm the receipt of a prize."""
    winner_id = WinnerId(path_id(prize_id, PrizeNotFound))
    await fulfilment.receive_prize(app_state.pool, viewer.account_id, winner_id, keyed_request)
    return await _prize(app_state, winner_id)


@post(
    "/me/prizes/{prize_id:str}/codes",
    status_code=200,
    errors=(
        PrizeNotFound,
        NotYourPrize,
        PrizeNotFinal,
        WrongPrizeState,
        ClaimClosed,
        CodesShown,
        CodesMissing,
        KeysUnusable,
        KmsAway,
    ),
    secret=True,
    limit="claims",
)
async def show_codes(
    prize_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> Response[Page[ShownCode]]:
    """The voucher codes of a claimed prize. They are shown for one day from the first request."""
    winner_id = WinnerId(path_id(prize_id, PrizeNotFound))
    shown = await codes.show_codes(app_state.pool, app_state.keys, viewer.account_id, winner_id, keyed_request)
    return Response(Page(shown, None), headers={"cache-control": "no-store"})


async def _prize(app_state: AppState, winner_id: WinnerId) -> Response[PrizeCard]:
    async with app_state.pool.acquire() as conn:
        card = await screen.get_prize(conn, winner_id)
    return Response(card, headers={"cache-control": PRIVATE})


prizes = Router(
    "/",
    route_handlers=[
        get_result,
        get_proof,
        get_draw,
        list_prizes,
        get_prize,
        claim_prize,
        decline_prize,
        receive_prize,
        show_codes,
    ],
)
