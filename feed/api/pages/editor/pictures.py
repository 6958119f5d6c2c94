"""The pictures of a campaign: its cover and those of its prizes, chosen among the editor's own photos."""

import secrets
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, checked_id, get_json
from feed.api.pages.editor.findings import without_keys
from feed.api.pages.editor.frame import admin_path, campaign_page
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import page_language, see_other
from feed.api.pages.sending import send
from feed.api.pages.sessions import InjectedSession, Session, signed_in
from feed.api.pages.uploads import UPLOAD_BYTES_MOST, pass_upload_on
from feed.media.model import FileTooLarge

_COVER = "cover"
_SHOWN = 50


@get("/console/campaigns/{campaign_id:str}/pictures")
async def show_pictures(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, slot: FromQuery[str | None] = None
) -> Response[bytes]:
    """The pictures, and for one of them, the `slot`, the photos to choose from."""
    return await _pictures_page(request, signed_in(session), campaign_id, slot=slot)


@post("/console/campaigns/{campaign_id:str}/pictures")
async def choose_picture(
    campaign_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[bytes] | Response[None]:
    """Puts a photo of the editor into the slot, or leaves the slot empty."""
    own, slot = signed_in(session), form.text("slot")
    campaign = await get_json(request, own, admin_path(campaign_id))
    change = _change_of(campaign, slot, form.optional("media_id"))
    try:
        if change:
            # The prizes that were shown: by their places, which another editor may have changed.
            read = {"content_sha256": form.optional("content_sha256")}
            await send(request, own, form, "PATCH", admin_path(campaign_id), change, keyed=False, query=read)
    except OperationFailed as error:
        return await _pictures_page(request, own, campaign_id, slot=slot, error=error)
    return see_other(f"/console/campaigns/{campaign_id}/pictures")


@post(
    "/console/campaigns/{campaign_id:str}/pictures/upload",
    too_large=FileTooLarge,
    request_max_body_size=UPLOAD_BYTES_MOST,
)
async def upload_picture(
    campaign_id: FromPath[str],
    request: AnyRequest,
    session: InjectedSession,
    slot: FromQuery[str] = _COVER,
    form_token: FromQuery[str | None] = None,
) -> Response[bytes] | Response[None]:
    """Sends a file on as it arrives; once it is processed, it can be chosen."""
    own = signed_in(session)
    try:
        await pass_upload_on(request, own, form_token)
    except OperationFailed as error:
        return await _pictures_page(request, own, campaign_id, slot=slot, error=error)
    known = slot if slot == _COVER or (slot.isascii() and slot.isdecimal()) else _COVER
    return see_other(f"/console/campaigns/{checked_id(campaign_id)}/pictures?slot={known}")


def _change_of(campaign: Any, slot: str, media_id: str | None) -> dict[str, Any]:
    """The change of the campaign that puts the photo there; empty for a slot that the campaign does not have."""
    if slot == _COVER:
        return {"cover_media_id": media_id}
    prizes = [{name: value for name, value in each.items() if name != "image"} for each in campaign["prizes"]]
    if not (slot.isascii() and slot.isdecimal() and len(slot) < 4 and int(slot) < len(prizes)):
        return {}
    prizes[int(slot)]["image_media_id"] = media_id
    return {"prizes": prizes}


async def _pictures_page(
    request: AnyRequest,
    session: Session,
    campaign_id: str,
    *,
    slot: str | None = None,
    error: OperationFailed | None = None,
) -> Response[bytes]:
    campaign = await get_json(request, session, admin_path(campaign_id))
    slots = [(_COVER, None, campaign["cover_media_id"], campaign["cover"])]
    slots += [
        (str(place), prize["name"], prize["image_media_id"], prize["image"])
        for place, prize in enumerate(campaign["prizes"])
    ]
    chosen = slot if slot in [each[0] for each in slots] else None
    photos: list[Any] = []
    if chosen is not None:
        own = (await get_json(request, session, "/v1/me/media", {"limit": _SHOWN}))["items"]
        photos = [each for each in own if each["kind"] == "image" and not each["in_use"]]
    return await campaign_page(
        request,
        session,
        campaign_id,
        "editor/pictures.html",
        tab="edit",
        campaign=campaign,
        status=200 if error is None else error.status,
        slots=slots,
        chosen=chosen,
        photos=photos,
        problem=None if error is None else without_keys(error.problem, page_language(request)),
        form_token=secrets.token_urlsafe(16),
    )


ROUTES: Final[tuple[Any, ...]] = (show_pictures, choose_picture, upload_picture)
