"""Recognises a device that has signed in with a number before, so that strangers cannot use up what it needs to sign in again.

Each sign-in returns a device token: a keyed digest of the number's person and the day. All devices of a number have the same one
on the same day, and it is sent in requests to sign in only: it recognises the number's owner, and tracks no device.
"""

import hmac

import msgspec

from feed.accounts.devices import Device
from feed.keys.store import Keys

_DAY_SECONDS = 86_400
VALID_DAYS = 365


class SignInClient(msgspec.Struct, frozen=True):
    """Where a request to sign in comes from: the network to count by (None: it is exempt), the device token, if any, the kind of
    device, and the region of the address."""

    network: str | None = None
    device_token: str | None = None
    device: Device = "other"
    region: str | None = None


def issue_device_token(keys: Keys, person: bytes, *, now: float) -> str:
    """The token of a device that has signed in as the person; `now` in seconds since 1970."""
    return _token(keys, person, int(now) // _DAY_SECONDS)


def is_known(keys: Keys, person: bytes, client: SignInClient, *, now: float) -> bool:
    """Whether the device has signed in as the person in the last year."""
    given = client.device_token or ""
    day, dot, _ = given.partition(".")
    if not dot or not day.isascii() or not day.isdecimal() or len(day) > 6:
        return False
    today = int(now) // _DAY_SECONDS
    # A clock of another machine may be ahead of ours.
    valid = today - VALID_DAYS <= int(day) <= today + 1
    return valid and hmac.compare_digest(_token(keys, person, int(day)).encode(), given.encode(errors="replace"))


def _token(keys: Keys, person: bytes, day: int) -> str:
    message = b"known device\0" + str(day).encode() + b"\0" + person
    return f"{day}.{hmac.digest(keys.token_key, message, 'sha256').hex()}"
