"""Photos and videos of a post that is being written: sent through to the operation as they arrive, or in parts to the storage."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, post
from litestar.params import FromPath, FromQuery

from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import call, segment
from feed.api.pages.community.drafts import media_ids_of
from feed.api.pages.form import InjectedForm
from feed.api.pages.page import see_other, state_of
from feed.api.pages.sessions import InjectedSession, signed_in
from feed.api.pages.uploads import UPLOAD_BYTES_MOST, pass_upload_on
from feed.ids import parse_id
from feed.media.model import FileTooLarge


@post("/write/photos", too_large=FileTooLarge, request_max_body_size=UPLOAD_BYTES_MOST)
async def upload_photo(
    request: AnyRequest,
    session: InjectedSession,
    media: FromQuery[str] = "",
    post_id: FromQuery[str] = "",
    form_token: FromQuery[str | None] = None,
) -> Response[None]:
    """Sends one file on, and leads to the form with it as the last one."""
    uploaded = await pass_upload_on(request, signed_in(session), form_token)
    return see_other(_form_with(uploaded["id"], media, post_id))


@post("/write/uploads")
async def begin_upload(request: AnyRequest, session: InjectedSession, form: InjectedForm) -> Response[Any]:
    """Where the script sends the parts of a file that is too large for one request."""
    viewer = signed_in(session).viewer
    body = {
        "kind": form.text("kind"),
        "content_type": form.text("content_type"),
        "bytes": form.number("bytes"),
        "sha256": form.text("sha256"),
    }
    answer = await call(
        request,
        viewer,
        "POST",
        "/v1/media/uploads",
        body=body,
        key=form.token,
    )
    begun, own = answer.json(), state_of(request).settings.public_url.rstrip("/")
    for part in begun["parts"]:
        # By whatever name the browser knows this site: its policy allows its own address.
        if part["url"] and part["url"].startswith(f"{own}/"):
            part["url"] = part["url"].removeprefix(own)
    return Response(
        msgspec.json.encode({"id": begun["media"]["id"], "part_size": begun["part_size"], "parts": begun["parts"]}),
        media_type="application/json",
        status_code=200,
        headers={"cache-control": "no-store"},
    )


@post("/write/uploads/{media_id:str}/complete")
async def complete_upload(
    media_id: FromPath[str], request: AnyRequest, session: InjectedSession, form: InjectedForm
) -> Response[None]:
    """Says that all parts are sent, and leads to the form with the file."""
    own = signed_in(session)
    parts = []
    for each in form.all("part"):
        number, _, etag = each.partition(":")
        parts.append({"number": parse_id(number) or 0, "etag": etag or None})
    path = f"/v1/media/{segment(media_id)}/complete"
    await call(request, own.viewer, "POST", path, body={"parts": parts})
    return see_other(_form_with(media_id, form.text("media"), form.text("post_id")))


def _form_with(media_id: str, media: str, post_id: str) -> str:
    ids = [*media_ids_of(media), media_id]
    path = "/write" if parse_id(post_id) is None else f"/posts/{post_id}/edit"
    return f"{path}?{urlencode({'media': ','.join(dict.fromkeys(ids))}, safe=',')}"
