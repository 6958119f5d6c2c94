"""How often: the table of limits, and what is said about them on the wire."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from feed.errors import TooMany, Unavailable

MINUTE, HOUR, DAY = 60, 3600, 86_400

# A route with this name is not limited at all.
UNLIMITED = "none"
# Younger accounts have a third of every quota: what is made to spam is young.
NEWCOMER_SECONDS = DAY
NEWCOMER_SHARE = 3
# One person at a desk plays everybody, and every account there is new.
EMBEDDED_SCALE = 10

# A process reports what it has let pass in portions of a tenth of the quota, so that many a like costs no question.
_PORTIONS = 10
_LARGEST_PORTION = 200


class RateLimited(TooMany):
    """Somebody does something more often than the limits allow."""


class LimitsAway(Unavailable):
    """What guards codes and claims cannot be asked now, so that nobody passes."""


class Window(msgspec.Struct, frozen=True):
    """So many in so many seconds, sliding."""

    quota: int
    seconds: int

    @property
    def label(self) -> str:
        """The length in its largest whole unit: `10m`, `1d`."""
        for unit, seconds in (("d", DAY), ("h", HOUR), ("m", MINUTE)):
            if self.seconds % seconds == 0:
                return f"{self.seconds // seconds}{unit}"
        return f"{self.seconds}s"


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """What a class of operations may be done, by whom, how often.

    `account` counts the signed in: all accounts of a person together, an account without a verified phone alone.
    `address` counts everybody else. Without `account` nobody's token is looked at.
    """

    account: tuple[Window, ...] = ()
    address: tuple[Window, ...] = (Window(120, MINUTE),)
    strict: bool = False  # Nobody passes while Redis is away.
    exact: bool = True  # Asked each time, not in portions.


class Terms(msgspec.Struct, frozen=True):
    """A limit as it holds for one kind of caller, worked out once."""

    name: str
    windows: tuple[Window, ...]
    strict: bool
    portion: int  # How many a process may let pass before it reports them.
    policy: bytes

    def say(self, index: int, *, remaining: int, seconds: int) -> bytes:
        """The value of `RateLimit` for one of the windows."""
        return f'"{self.name}-{self.windows[index].label}";r={max(remaining, 0)};t={max(seconds, 0)}'.encode()


class Owner(msgspec.Struct, frozen=True):
    """Whose an account is, and how old. All accounts of a person have one `person`."""

    person: bytes
    age_seconds: float


def terms(name: str, windows: Sequence[Window], limit: Limit, *, share: int = 1) -> Terms:
    """What holds for callers with the given share of the quotas."""
    held = tuple(Window(max(1, window.quota // share), window.seconds) for window in windows)
    least = min((window.quota for window in held), default=0)
    return Terms(
        name=name,
        windows=held,
        strict=limit.strict,
        portion=0 if limit.exact or limit.strict else min(least // _PORTIONS, _LARGEST_PORTION),
        policy=", ".join(f'"{name}-{each.label}";q={each.quota};w={each.seconds}' for each in held).encode(),
    )


def _windows(*pairs: tuple[int, int]) -> tuple[Window, ...]:
    return tuple(Window(quota, seconds) for quota, seconds in pairs)


TABLE: dict[str, Limit] = {
    "posts": Limit(account=_windows((10, 10 * MINUTE), (60, DAY))),
    "comments": Limit(account=_windows((20, MINUTE), (300, HOUR))),
    "likes": Limit(account=_windows((120, MINUTE), (2_000, HOUR)), exact=False),
    "profile": Limit(account=_windows((10, 10 * MINUTE), (50, DAY))),
    "reports": Limit(account=_windows((10, 10 * MINUTE), (50, DAY))),
    "changes": Limit(account=_windows((60, MINUTE), (1_000, HOUR)), exact=False),
    "reads": Limit(account=_windows((1_200, MINUTE)), address=_windows((600, MINUTE)), exact=False),
    # The app's own servers, whose signature is checked.
    "hooks": Limit(address=_windows((1_200, MINUTE)), exact=False),
    "files": Limit(address=_windows((600, MINUTE)), exact=False),
    "staff": Limit(account=_windows((600, MINUTE)), exact=False),
    # Many phones share an address of a mobile network; the quota per phone is the sign-in's own.
    "codes": Limit(address=_windows((20, 10 * MINUTE), (200, DAY)), strict=True),
    "refresh": Limit(address=_windows((120, 10 * MINUTE))),
    "claims": Limit(account=_windows((10, 10 * MINUTE), (50, DAY)), strict=True),
    "reveals": Limit(account=_windows((60, 10 * MINUTE), (500, DAY)), strict=True),
    # Requests with a token that is not good: guessing has to stay slow, and so has the checking of signatures.
    "bad_tokens": Limit(address=_windows((60, MINUTE)), exact=False),
}


def default_for(method: str) -> str:
    """The limit of a route that names none."""
    return "reads" if method in ("GET", "HEAD", "OPTIONS") else "changes"


def scaled(table: Mapping[str, Limit], factor: float) -> dict[str, Limit]:
    """The table with every quota times a factor."""

    def scale(windows: tuple[Window, ...]) -> tuple[Window, ...]:
        return tuple(Window(max(1, round(window.quota * factor)), window.seconds) for window in windows)

    return {
        name: msgspec.structs.replace(limit, account=scale(limit.account), address=scale(limit.address))
        for name, limit in table.items()
    }


def changed(table: Mapping[str, Limit], given: Mapping[str, Any]) -> dict[str, Limit]:
    """The table with the windows of a settings file: `[posts] account = ["10/10m", "60/1d"]`. Raises ValueError."""
    result = dict(table)
    for name, entry in given.items():
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
    """`60/1d` as a window. Raises ValueError."""
    quota, slash, length = str(text).partition("/")
    unit = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}.get(length[-1:])
    if not slash or unit is None or not quota.isdecimal() or not length[:-1].isdecimal():
        raise ValueError(f"limits: {text!r} is no window like 10/10m")
    window = Window(int(quota), int(length[:-1]) * unit)
    if window.quota < 1 or not 1 <= window.seconds <= 31 * DAY:
        raise ValueError(f"limits: {text!r} is out of range")
    return window
