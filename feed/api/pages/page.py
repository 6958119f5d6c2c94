"""The response of a page: its frame, the user it is for, its policy, and what caches may do with it."""

from typing import Any, Literal
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Response

from feed.api.dependencies import AnyRequest
from feed.api.errors import language_of
from feed.api.html.error_page import page_policy
from feed.api.html.rendering import CHINESE, ENGLISH, NameTaken
from feed.api.pages.sessions import Session, cookies_of
from feed.api.paths import own_address
from feed.api.responses import PUBLIC
from feed.api.state import AppState
from feed.bounded_cache import memoized
from feed.links import local_path as local_path  # Pages import it from here.
from feed.settings import Settings

LANGUAGE_COOKIE = "feed_language"
# In the request's state.
_LANGUAGE = "page_language"
# Pages of staff, of claims and of settings: the browser keeps nothing, also not for its back button.
_NO_STORE = "private, no-store"
# The same page may be another one after the next action of its user.
_PRIVATE = "private, no-cache"

# What is not encoded in an address, or is encoded already.
_IN_ADDRESSES = "/?#[]@!$&'()*+,;=:%~"

# What of the frame is its user's alone.
_OWN = {"session": ("token",), "me": ("id", "name", "unread_count")}

Cache = Literal["public", "private", "no-store"]


class FormSession(msgspec.Struct, frozen=True):
    """What templates get of a session: the token of its forms."""

    token: str


def page_language(request: AnyRequest) -> str:
    """The language of a page: the one chosen in this browser, or else that of Accept-Language."""
    state = request.scope["state"]
    language: str | None = state.get(_LANGUAGE)
    if language is None:
        chosen = cookies_of(request).get(LANGUAGE_COOKIE)
        language = state[_LANGUAGE] = chosen if chosen in (CHINESE, ENGLISH) else language_of(request)
    return language


async def page(
    request: AnyRequest,
    session: Session | None,
    template: str,
    *,
    status: int = 200,
    cache: Cache = "private",
    headers: dict[str, str] | None = None,
    path: str | None = None,
    sign_in: str | None = None,
    me: Any = None,
    **context: Any,
) -> Response[bytes]:
    """A page from a template that extends `base.html` or `console.html`.

    `cache="public"` is for pages that are the same for all who are not signed in: such a page holds no name, token or cookie.
    Templates get, besides their context: `session`, `me` (a MeBrief unless the page gives another; None when not signed in),
    `site`, `path`, and `sign_in_path`, which leads back here. Pages that their address does not lead back to give another `path` and
    `sign_in`. Raises NameTaken for a context with one of these names.
    """
    settings: Settings = request.app.state.app_state.settings
    language = page_language(request)
    path = path or own_address(request.scope)
    site = {"site": settings}
    frame = {
        **await _frame(request, session, me),
        "path": path,
        "sign_in_path": sign_in or sign_in_path(path),
    }
    if taken := (frame.keys() | site.keys()) & context.keys():
        raise NameTaken(template, taken)
    body = request.app.state.outlines.render(template, language, frame | context, site=site, own=_OWN)
    sent = {
        "cache-control": _cache_control(cache, signed_in=session is not None),
        "vary": "Cookie, Accept-Language",
        "content-language": language,
        "content-security-policy": policy_of(settings),
        "referrer-policy": "same-origin",
        **(headers or {}),
    }
    if cache == "public" and session is None and status == 200:
        request.app.state.public_pages.store(request, sent, body)
    return Response(body, status_code=status, media_type="text/html", headers=sent)


async def _frame(request: AnyRequest, session: Session | None, me: Any) -> dict[str, Any]:
    """`session` and `me`. What differs between users is in holes: their pages have an outline in common."""
    if session is None:
        return {"session": None, "me": None}
    me = me or await state_of(request).briefs.submit(session.viewer.account_id)
    # None: the account was erased meanwhile.
    return {"session": None, "me": None} if me is None else {"session": FormSession(session.token), "me": me}


def policy_of(settings: Settings, *, uploads: str = "", ancestors: str = "'none'") -> str:
    """The policy of a site's pages: photos may come from its CDN, and go to its storage (`uploads`)."""
    media = _other_origin(f"{settings.media_base_url} {settings.public_url}")
    return page_policy(media=media, uploads=uploads, ancestors=ancestors)


@memoized(entries=16, longest=2000)
def _other_origin(addresses: str) -> str:
    """The origin of the first address, empty if it is that of the second one."""
    media, public = (urlsplit(each) for each in addresses.split(" "))
    same = (media.scheme, media.netloc) == (public.scheme, public.netloc)
    return "" if same else f"{media.scheme}://{media.netloc}"


def _cache_control(cache: Cache, *, signed_in: bool) -> str:
    if cache == "no-store":
        return _NO_STORE
    return PUBLIC if cache == "public" and not signed_in else _PRIVATE


def see_other(path: str, *, headers: dict[str, str] | None = None) -> Response[None]:
    """After a form: the browser gets the page that shows what was done, so that reloading it repeats nothing.

    What a header cannot hold is encoded: a form may send control characters in what becomes a part of the path.
    """
    headers = {"location": quote(path, safe=_IN_ADDRESSES), "cache-control": "no-store", **(headers or {})}
    return Response(None, status_code=303, media_type="text/plain", headers=headers)


@memoized(entries=4096, longest=512)
def sign_in_path(back: str) -> str:
    """The sign-in, which leads back to a path of this site."""
    return f"/sign-in?back={quote(back, safe='/')}"


def state_of(request: AnyRequest) -> AppState:
    """The state of the process."""
    app_state: AppState = request.app.state.app_state
    return app_state
