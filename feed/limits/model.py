"""Rate limits: the table of classes, their windows, and the `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from feed.errors import TooMany, Unavailable

MINUTE, HOUR, DAY = 60, 3600, 86_400

# The class of routes without a limit.
UNLIMITED = "none"
# Accounts younger than this have a third of every quota: accounts made for spam are new.
NEW_ACCOUNT_SECONDS = DAY
NEW_ACCOUNT_DIVISOR = 3
# In embedded mode one developer acts as all users, from new accounts.
EMBEDDED_SCALE = 10

# A process reports the requests it has let pass in portions of a tenth of the quota, so that most likes need no call to Redis.
_PORTIONS = 10
_PORTION_MAX = 200


class RateLimited(TooMany):
    """The caller has exceeded a rate limit."""


class LimitsAway(Unavailable):
    """Redis is unreachable and the limit is strict: the request is rejected."""


class Window(msgspec.Struct, frozen=True):
    """A sliding window: `quota` requests in `seconds`."""

    quota: int
    seconds: int

    @property
    def label(self) -> str:
        """The length in the largest unit that divides it: `10m`, `1d`."""
        for unit, seconds in (("d", DAY), ("h", HOUR), ("m", MINUTE)):
            if self.seconds % seconds == 0:
                return f"{self.seconds // seconds}{unit}"
        return f"{self.seconds}s"


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """The windows of one class of operations.

    `account` limits signed-in callers: all accounts of a person together, an account without a verified phone alone.
    `address` limits all other callers by IP address. A class without `account` windows counts by address only and
    does not verify tokens.
    """

    account: tuple[Window, ...] = ()
    address: tuple[Window, ...] = (Window(120, MINUTE),)
    strict: bool = False  # Fails closed: requests are rejected while Redis is unreachable.
    exact: bool = True  # Counted in Redis before each request, not in portions.


class EffectiveLimit(msgspec.Struct, frozen=True):
    """A limit as it applies to one kind of caller (account, new account, address), computed once."""

    name: str
    windows: tuple[Window, ...]
    strict: bool
    portion: int  # Requests that a process may let pass before it reports them; 0 counts each one first.
    policy_header: bytes

    def header(self, index: int, *, remaining: int, seconds: int) -> bytes:
        """The value of the `RateLimit` header for the window at `index`."""
        return f'"{self.name}-{self.windows[index].label}";r={max(remaining, 0)};t={max(seconds, 0)}'.encode()


class Owner(msgspec.Struct, frozen=True):
    """The person that an account belongs to, and the account's age. All accounts of a person have the same `person`."""

    person: bytes
    age_seconds: float


def effective_limit(name: str, windows: Sequence[Window], limit: Limit, *, divisor: int = 1) -> EffectiveLimit:
    """The limit `name` with the given windows and their quotas divided by `divisor`, at least 1 each."""
    effective = tuple(Window(max(1, window.quota // divisor), window.seconds) for window in windows)
    least = min((window.quota for window in effective), default=0)
    return EffectiveLimit(
        name=name,
        windows=effective,
        strict=limit.strict,
        portion=0 if limit.exact or limit.strict else min(least // _PORTIONS, _PORTION_MAX),
        policy_header=", ".join(
            f'"{name}-{each.label}";q={each.quota};w={each.seconds}' for each in effective
        ).encode(),
    )


def _windows(*pairs: tuple[int, int]) -> tuple[Window, ...]:
    return tuple(Window(quota, seconds) for quota, seconds in pairs)


TABLE: dict[str, Limit] = {
    "posts": Limit(account=_windows((10, 10 * MINUTE), (60, DAY))),
    "comments": Limit(account=_windows((20, MINUTE), (300, HOUR))),
    "likes": Limit(account=_windows((120, MINUTE), (2_000, HOUR)), exact=False),
    "profile": Limit(account=_windows((10, 10 * MINUTE), (50, DAY))),
    "reports": Limit(account=_windows((10, 10 * MINUTE), (50, DAY))),
    # Nine photos for each of twenty posts in an hour; each upload in parts counts twice.
    "uploads": Limit(account=_windows((180, HOUR), (600, DAY))),
    "changes": Limit(account=_windows((60, MINUTE), (1_000, HOUR)), exact=False),
    "reads": Limit(account=_windows((1_200, MINUTE)), address=_windows((600, MINUTE)), exact=False),
    # Webhooks: the app's own servers, whose signature is verified.
    "hooks": Limit(address=_windows((1_200, MINUTE)), exact=False),
    # Nine photos in each of twenty posts of a page; many phones share an address of a mobile network.
    "media": Limit(address=_windows((6_000, MINUTE)), exact=False),
    "files": Limit(address=_windows((600, MINUTE)), exact=False),
    "staff": Limit(account=_windows((600, MINUTE)), exact=False),
    # Many phones share an address of a mobile network; sign-in has its own quota per phone.
    "codes": Limit(address=_windows((20, 10 * MINUTE), (200, DAY)), strict=True),
    "refresh": Limit(address=_windows((120, 10 * MINUTE))),
    "claims": Limit(account=_windows((10, 10 * MINUTE), (50, DAY)), strict=True),
    "exports": Limit(account=_windows((3, HOUR), (10, DAY))),
    "reveals": Limit(account=_windows((60, 10 * MINUTE), (500, DAY)), strict=True),
    # Requests with an invalid token: limits guessing and the cost of verifying signatures.
    "bad_tokens": Limit(address=_windows((60, MINUTE)), exact=False),
}


def default_for(method: str) -> str:
    """The class of a route that names none, by its HTTP method."""
    return "reads" if method in ("GET", "HEAD", "OPTIONS") else "changes"


def scaled(table: Mapping[str, Limit], factor: float) -> dict[str, Limit]:
    """The table with every quota multiplied by `factor`, at least 1 each."""

    def scale(windows: tuple[Window, ...]) -> tuple[Window, ...]:
        return tuple(Window(max(1, round(window.quota * factor)), window.seconds) for window in windows)

    return {
        name: msgspec.structs.replace(limit, account=scale(limit.account), address=scale(limit.address))
        for name, limit in table.items()
    }


def overridden(table: Mapping[str, Limit], overrides: Mapping[str, Any]) -> dict[str, Limit]:
    """The table with the windows of a parsed settings file, like `[posts] account = ["10/10m", "60/1d"]`.

    Raises ValueError for unknown classes, unknown keys and invalid windows.
    """
    result = dict(table)
    for name, entry in overrides.items():
        if name not in table or not isinstance(entry, dict) or entry.keys() - {"account", "address"}:
            raise ValueError(f"limits: [{name}] is no limit with account or address")
        if "account" in entry and not table[name].account:
            raise ValueError(f"limits: [{name}] counts addresses only")
        windows = {kind: tuple(read_window(text) for text in texts) for kind, texts in entry.items()}
        if not all(windows.values()):
            raise ValueError(f"limits: [{name}] has no windows")
        result[name] = msgspec.structs.replace(table[name], **windows)
    return result


def read_window(text: object) -> Window:
    """Parses `60/1d`: 60 requests a day. Raises ValueError, also for windows longer than 31 days."""
    quota, slash, length = str(text).partition("/")
    unit = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}.get(length[-1:])
    if not slash or unit is None or not quota.isdecimal() or not length[:-1].isdecimal():
        raise ValueError(f"limits: {text!r} is no window like 10/10m")
    window = Window(int(quota), int(length[:-1]) * unit)
    if window.quota < 1 or not 1 <= window.seconds <= 31 * DAY:
        raise ValueError(f"limits: {text!r} is out of range")
    return window
