"""The cookie with the device token: codes that strangers request for a phone do not count against the browser that has it."""

from datetime import timedelta

from litestar.datastructures import Cookie

from feed.accounts.known_device import VALID_DAYS
from feed.api.dependencies import AnyRequest
from feed.settings import Settings

_NAME = "feed_device"
_SECURE_NAME = "__Host-feed_device"
_LONGEST = 200


def device_token(request: AnyRequest) -> str | None:
    """The device token of this browser's last sign-in by phone."""
    token = request.cookies.get(_name(request.app.state.app_state.settings))
    return token if token and len(token) <= _LONGEST else None


def device_cookie(settings: Settings, token: str) -> Cookie:
    """The cookie of a device token. It stays when the user signs out, and says nothing of who has signed in."""
    return Cookie(
        key=_name(settings),
        value=token,
        max_age=int(timedelta(days=VALID_DAYS).total_seconds()),
        path="/",
        httponly=True,
        secure=settings.public_url.startswith("https:"),
        samesite="lax",
    )


def _name(settings: Settings) -> str:
    return _SECURE_NAME if settings.public_url.startswith("https:") else _NAME
