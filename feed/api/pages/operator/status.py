"""The state of the site, as admins see it: what is wrong first, then traffic, waiting work, messages, media and retention."""

import asyncio

from litestar import Response, get

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import call
from feed.api.pages.page import page
from feed.api.pages.sessions import InjectedSession, signed_in

STATUS = "/console/status"


@get(STATUS)
async def show_status(request: AnyRequest, session: InjectedSession) -> Response[bytes]:
    """The numbers of the site and the findings of the doctor, read now."""
    own = signed_in(session)
    status, checks = await asyncio.gather(
        call(request, own.viewer, "GET", "/v1/admin/status"),
        call(request, own.viewer, "GET", "/v1/admin/checks"),
    )
    found = checks.json()
    return await page(
        request,
        own,
        "operator/status.html",
        cache="no-store",
        section="status",
        numbers=status.json(),
        checked_at=found["checked_at"],
        wrong=[each for each in found["findings"] if each["wrong"]],
        fine=[each for each in found["findings"] if not each["wrong"]],
    )
