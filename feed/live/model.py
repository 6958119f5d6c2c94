"""Errors of streams, and who a stream belongs to."""

from typing import NamedTuple

from feed.accounts.model import AccountId, Role
from feed.errors import TooMany

# Who sees the review queue.
QUEUE_ROLES: tuple[Role, ...] = ("reviewer", "editor", "admin")


class TooManyStreams(TooMany):
    """The account, the address or the process has as many open streams as it may have."""


class Access(NamedTuple):
    """What a stream is open by; it ends when this ends.

    `token` is the bearer token, `session` the hash of a browser session's secret; a stream of a reader who is not signed in has neither.
    """

    account_id: AccountId | None = None
    token: str | None = None
    session: bytes | None = None
    reads_queue: bool = False


ANYONE = Access()
