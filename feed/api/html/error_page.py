"""The page of an error, for browsers outside of the API. It needs neither database nor session."""

import msgspec

from feed.api.html.rendering import render

# The policy of every page: own files only, no inline scripts and styles, framed by no other page.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{media}; media-src 'self'{media}; "
    "connect-src 'self'{uploads}; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)


def page_policy(*, media: str = "", uploads: str = "", ancestors: str = "'none'") -> str:
    """The Content-Security-Policy of a page.

    `media` is another origin of photos and videos, `uploads` one that takes parts of them, `ancestors` who may frame the page.
    """
    return PAGE_POLICY.format(
        media=f" {media}" if media else "", uploads=f" {uploads}" if uploads else "", ancestors=ancestors
    )


class WaysOut(msgspec.Struct, frozen=True):
    """Where the reader of an error may go on. `path`: the page to be shown in another language; `back`: the one before it, None if
    that is not known; `retry`: the address that is worth another request, in `retry_after` seconds if that is known.
    """

    path: str
    back: str | None
    retry: str | None
    retry_after: int | None


def error_page(status: int, code: str, title: str, language: str, fields: list[str], ways: WaysOut) -> bytes:
    """The page of a problem document: its title, the messages about fields, and where to go on."""
    context = {
        "status": status,
        "code": code,
        "title": title,
        "fields": fields,
        "sign_in": status == 401,
        "ways": ways,
    }
    return render("error.html", language, context).encode()
