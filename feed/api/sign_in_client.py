"""Where a request to sign in comes from."""

from feed.accounts.devices import device_of
from feed.accounts.known_device import SignInClient
from feed.api.client_address import header
from feed.api.dependencies import AnyRequest, region_of
from feed.api.middleware.rate_limit import limited_address
from feed.api.state import AppState


def sign_in_client(request: AnyRequest, app_state: AppState, device_token: str | None = None) -> SignInClient:
    """The network, device and region of a request, for signing in; `device_token` is that of an earlier sign-in."""
    return SignInClient(
        limited_address(request.scope, app_state.settings),
        device_token,
        device_of(header(request.scope, b"user-agent")),
        region_of(request.scope, app_state),
    )
