"""Endpoints of admins that grant and end access to the claim details of a campaign's winners."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Router, delete, get, put
from litestar.params import FromPath, JSONBody

from feed.accounts.model import AccountNotFound, SecondPersonRequired
from feed.api.dependencies import InjectedAppState, InjectedViewer, path_id, requires_role
from feed.campaigns.errors import CampaignNotFound
from feed.ids import GivenId
from feed.prizes.claims import access
from feed.screens.prizes.claims import Reader, list_readers
from feed.texts import Reason


class AccessIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account that gets access to claim details, for how many days, and why."""

    user_id: GivenId
    reason: Reason
    days: Annotated[int, access.ACCESS_DAYS.bound] = 7


class Access(msgspec.Struct, frozen=True):
    """The account that has access, and until when."""

    user_id: str
    until: datetime


class AccessEnded(msgspec.Struct, frozen=True):
    """The account whose access has ended."""

    user_id: str


class Readers(msgspec.Struct, frozen=True):
    """The accounts that have access now, the soonest to end first."""

    items: list[Reader]


@put("/campaigns/{campaign_id:str}/claim-access", errors=(CampaignNotFound, AccountNotFound, SecondPersonRequired))
async def grant_claim_access(
    campaign_id: FromPath[str], data: JSONBody[AccessIn], app_state: InjectedAppState, viewer: InjectedViewer
) -> Access:
    """Grant another person access to the claim details of this campaign, with a reason and for some days."""
    until = await access.grant_access(
        app_state.pool,
        path_id(campaign_id, CampaignNotFound),
        path_id(data.user_id, AccountNotFound),
        by=viewer.account_id,
        days=data.days,
        reason=data.reason,
    )
    return Access(data.user_id, until)


@delete(
    "/campaigns/{campaign_id:str}/claim-access/{user_id:str}",
    status_code=200,
    errors=(CampaignNotFound, AccountNotFound),
)
async def end_claim_access(
    campaign_id: FromPath[str], user_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer
) -> AccessEnded:
    """End an account's access at once. Repeating it changes nothing."""
    ids = path_id(campaign_id, CampaignNotFound), path_id(user_id, AccountNotFound)
    await access.end_access(app_state.pool, *ids, by=viewer.account_id)
    return AccessEnded(user_id)


@get("/campaigns/{campaign_id:str}/claim-access", errors=(CampaignNotFound,))
async def list_claim_access(campaign_id: FromPath[str], app_state: InjectedAppState) -> Readers:
    """The accounts with access to this campaign's claim details now, with the admin who granted it and the reason."""
    async with app_state.pool.acquire() as conn:
        return Readers(await list_readers(conn, path_id(campaign_id, CampaignNotFound)))


claim_access = Router(
    "/", route_handlers=[grant_claim_access, end_claim_access, list_claim_access], guards=[requires_role("admin")]
)
