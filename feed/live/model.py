"""Errors of streams, and who a stream belongs to."""

from collections.abc import Mapping
from typing import NamedTuple

from feed.accounts.model import AccountId, Role
from feed.errors import TooMany
from feed.live.topics import TopicKind

# Who may read the topics of staff: the review queue, and the numbers of a campaign.
STAFF_TOPICS: Mapping[TopicKind, tuple[Role, ...]] = {
    "queue": ("reviewer", "editor", "admin"),
    "campaign": ("editor", "admin"),
}


class TooManyStreams(TooMany):
    """The account, the address or the process has as many open streams as it may have."""


class Access(NamedTuple):
    """What a stream is open by; it ends when this ends.

    `token` is the bearer token, `session` the hash of a browser session's secret; a stream of a reader who is not signed in has neither.
    `staff_topics`: those of its topics that need a role.
    """

    account_id: AccountId | None = None
    token: str | None = None
    session: bytes | None = None
    staff_topics: frozenset[TopicKind] = frozenset()


ANYONE = Access()
