"""Endpoints of editors for claims: details, voucher codes, shipments and the shredding receipt."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get, post, put
from litestar.params import FromPath, JSONBody

from feed.api.dependencies import InjectedAppState, InjectedKeyedRequest, InjectedViewer, path_id
from feed.api.editor.prizes import ReasonIn
from feed.api.errors import language_of
from feed.api.responses import PRIVATE, json_response, response_specs
from feed.api.state import AppState
from feed.campaigns.errors import CampaignNotFound
from feed.keys.fingerprints import KeysUnusable
from feed.keys.kms import KmsAway
from feed.pagination import Page
from feed.prizes.claims import actions as claim_actions
from feed.prizes.claims import codes, export, fulfilment, shredding_store
from feed.prizes.claims.codes import MOST_CODES, CodeStock, PrizeCode
from feed.prizes.claims.form import Claim
from feed.prizes.claims.fulfilment import Carrier, TrackingNo
from feed.prizes.claims.shredding import ShreddingReceipt
from feed.prizes.model import (
    ClaimAccessRequired,
    ClaimClosed,
    ClaimNotFound,
    PrizeNotFinal,
    PrizeNotFound,
    ReceiptNotFound,
    WinnerId,
    WrongPrizeState,
)
from feed.screens.prizes import claims as screen
from feed.screens.prizes.claims import ClaimCard
from feed.screens.prizes.overdue import OverdueItem, list_overdue

_NO_STORE = {"cache-control": "no-store"}


class ShipmentIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shipment."""

    carrier: Carrier
    tracking_no: TrackingNo


class CodesIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Voucher codes, one for each winner of the prize."""

    codes: Annotated[list[PrizeCode], msgspec.Meta(max_length=MOST_CODES, extra_json_schema={"minItems": 1})]


@get("/campaigns/{campaign_id:str}/claims", errors=(CampaignNotFound,))
async def list_claims(campaign_id: FromPath[str], app_state: InjectedAppState) -> Response[Page[ClaimCard]]:
    """Every place with its claim and fulfilment; recipient data is masked."""
    async with app_state.pool.acquire() as conn:
        cards = await screen.list_claims(conn, path_id(campaign_id, CampaignNotFound))
    return Response(Page(cards, None), headers={"cache-control": PRIVATE})


@post(
    "/campaigns/{campaign_id:str}/claims/{prize_id:str}/reveal",
    status_code=200,
    errors=(CampaignNotFound, ClaimNotFound, ClaimAccessRequired, KeysUnusable, KmsAway),
    secret=True,
    limit="reveals",
)
async def reveal_claim(
    campaign_id: FromPath[str],
    prize_id: FromPath[str],
    data: JSONBody[ReasonIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Response[Claim]:
    """The recipient's data unmasked, for an account with claim access; the reason is recorded."""
    details = await claim_actions.reveal_claim(
        app_state.pool,
        app_state.keys,
        path_id(campaign_id, CampaignNotFound),
        WinnerId(path_id(prize_id, ClaimNotFound)),
        by=viewer.account_id,
        reason=data.reason,
        request=keyed_request,
    )
    return Response(msgspec.convert(details, Claim), headers=_NO_STORE)


@post(
    "/campaigns/{campaign_id:str}/claims/export",
    status_code=200,
    responses=response_specs(
        str, description="The shipments, one line each, under a header in Chinese.", media_type="text/csv"
    ),
    errors=(CampaignNotFound, ClaimNotFound, ClaimAccessRequired, KeysUnusable, KmsAway),
    accept="any",
    secret=True,
    limit="reveals",
)
async def export_claims(
    campaign_id: FromPath[str],
    data: JSONBody[ReasonIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Response[bytes]:
    """The shipments that are due, as CSV for the shipper. The table is in this response only and is not stored."""
    id_ = path_id(campaign_id, CampaignNotFound)
    table = await export.export_claims(
        app_state.pool, app_state.keys, id_, by=viewer.account_id, reason=data.reason, request=keyed_request
    )
    headers = _NO_STORE | {"content-disposition": f'attachment; filename="parcels-{id_}.csv"'}
    return Response(table.encode(), media_type="text/csv", headers=headers)


@post(
    "/campaigns/{campaign_id:str}/claims/{prize_id:str}/verify",
    status_code=200,
    errors=(CampaignNotFound, ClaimNotFound, WrongPrizeState),
)
async def verify_claim(
    campaign_id: FromPath[str],
    prize_id: FromPath[str],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Response[ClaimCard]:
    """Mark a claim as verified. It cannot be changed any more, and the prize may be handed over."""
    ids = path_id(campaign_id, CampaignNotFound), WinnerId(path_id(prize_id, ClaimNotFound))
    await fulfilment.verify_claim(app_state.pool, *ids, by=viewer.account_id, request=keyed_request)
    return await _claim(app_state, *ids)


@put(
    "/campaigns/{campaign_id:str}/claims/{prize_id:str}/shipment",
    errors=(CampaignNotFound, ClaimNotFound, PrizeNotFinal, WrongPrizeState),
)
async def ship_prize(
    campaign_id: FromPath[str],
    prize_id: FromPath[str],
    data: JSONBody[ShipmentIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
) -> Response[ClaimCard]:
    """Record the shipment of a verified claim and notify the winner. Repeating it corrects the shipment."""
    ids = path_id(campaign_id, CampaignNotFound), WinnerId(path_id(prize_id, ClaimNotFound))
    await fulfilment.ship_prize(
        app_state.pool, *ids, by=viewer.account_id, carrier=data.carrier, tracking_no=data.tracking_no
    )
    return await _claim(app_state, *ids)


@post(
    "/campaigns/{campaign_id:str}/claims/{prize_id:str}/handed-over",
    status_code=200,
    errors=(CampaignNotFound, ClaimNotFound, PrizeNotFinal, WrongPrizeState),
)
async def hand_over_prize(
    campaign_id: FromPath[str],
    prize_id: FromPath[str],
    data: JSONBody[ReasonIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Response[ClaimCard]:
    """Record that a prize is handed over, also when the winner does not confirm it. Repeating it changes nothing."""
    ids = path_id(campaign_id, CampaignNotFound), WinnerId(path_id(prize_id, ClaimNotFound))
    await fulfilment.hand_over_prize(
        app_state.pool, *ids, by=viewer.account_id, reason=data.reason, request=keyed_request
    )
    return await _claim(app_state, *ids)


@post(
    "/campaigns/{campaign_id:str}/prizes/{number:str}/codes",
    status_code=200,
    errors=(CampaignNotFound, PrizeNotFound, ClaimClosed, KeysUnusable, KmsAway),
    secret=True,
)
async def add_codes(
    campaign_id: FromPath[str],
    number: FromPath[str],
    data: JSONBody[CodesIn],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> CodeStock:
    """Add voucher codes for the campaign's n-th prize, from 1. They are stored encrypted; known codes are ignored."""
    id_ = path_id(campaign_id, CampaignNotFound)
    return await codes.add_codes(
        app_state.pool,
        app_state.keys,
        id_,
        path_id(number, PrizeNotFound),
        data.codes,
        by=viewer.account_id,
        request=keyed_request,
    )


@get(
    "/campaigns/{campaign_id:str}/shredding",
    responses=response_specs(ShreddingReceipt),
    errors=(CampaignNotFound, ReceiptNotFound),
)
async def get_shredding(campaign_id: FromPath[str], app_state: InjectedAppState) -> Response[bytes]:
    """The signed receipt of the destruction of the winners' details, with the time until which backups may hold them."""
    async with app_state.pool.acquire() as conn:
        receipt = await shredding_store.find_receipt(conn, path_id(campaign_id, CampaignNotFound))
    if receipt is None:
        raise ReceiptNotFound
    return json_response(receipt)


@get("/prizes/stuck")
async def list_stuck_prizes(
    request: Request[Any, Any, Any], app_state: InjectedAppState
) -> Response[Page[OverdueItem]]:
    """Campaigns whose settlement or fulfilment waits for a person, and for what; the oldest first. `what` is in Chinese or, by `Accept-Language`, in English."""
    language = language_of(request)
    async with app_state.pool.acquire() as conn:
        found = await list_overdue(conn, kept_days=app_state.settings.claims_kept_days, language=language)
    headers = {"cache-control": PRIVATE, "content-language": language, "vary": "Accept-Language"}
    return Response(Page(found, None), headers=headers)


async def _claim(app_state: AppState, campaign_id: int, winner_id: WinnerId) -> Response[ClaimCard]:
    async with app_state.pool.acquire() as conn:
        cards = await screen.list_claims(conn, campaign_id)
    card = next((each for each in cards if each.id == str(winner_id)), None)
    if card is None:
        raise ClaimNotFound
    return Response(card, headers={"cache-control": PRIVATE})


claims = Router(
    "/",
    route_handlers=[
        list_claims,
        reveal_claim,
        export_claims,
        verify_claim,
        ship_prize,
        hand_over_prize,
        add_codes,
        get_shredding,
        list_stuck_prizes,
    ],
)
