"""What the pages about campaigns share: a signed-in viewer, calls with its form, and the frame of one campaign."""

from collections.abc import Iterable
from typing import Any

from litestar import Response

from feed.api.dependencies import AnyRequest
from feed.api.html.rendering import reason_of
from feed.api.pages.calls import checked_id, get_json
from feed.api.pages.page import page
from feed.api.pages.sessions import Session


def admin_path(campaign_id: str, rest: str = "") -> str:
    """The path of an editors' operation about the campaign. Raises PageNotFound for what is no id."""
    return f"/v1/admin/campaigns/{checked_id(campaign_id)}{rest}"


def reasons(codes: Iterable[str], language: str) -> list[tuple[str, str]]:
    """Codes of reasons with their words, in the order in which they are offered."""
    return [(code, reason_of(code, language)) for code in codes]


async def campaign_page(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    template: str,
    *,
    tab: str,
    campaign: Any = None,
    status: int = 200,
    **context: Any,
) -> Response[bytes]:
    """A page within the frame of a campaign, which is read unless the page has read it. Raises OperationFailed, PageNotFound."""
    if campaign is None:
        campaign = await get_json(request, session, admin_path(campaign_id))
    return await page(
        request,
        session,
        template,
        status=status,
        cache="no-store",
        section="campaigns",
        campaign=campaign,
        tab=tab,
        **context,
    )
