"""Cases: what waits for a human's look, and who holds it."""

from datetime import datetime
from typing import Any, Literal, NewType, get_args

import msgspec

from feed.errors import Conflict, NotFound

CaseId = NewType("CaseId", int)
Kind = Literal["post", "comment", "name", "avatar", "report", "appeal"]
KINDS: tuple[Kind, ...] = get_args(Kind)
CaseState = Literal["open", "closed"]
CASE_STATES: tuple[CaseState, ...] = get_args(CaseState)

LEASE_SECONDS = 300
LEASED_MOST = 50


class CaseNotFound(NotFound):
    """No such case."""


class CaseStale(Conflict):
    """The case has moved on since it was read: judged, superseded or deleted."""


class CaseLeased(Conflict):
    """Another reviewer holds the case at this moment."""


class CaseNotLeased(Conflict):
    """The reviewer does not hold the case, or no longer."""


class Case(msgspec.Struct, frozen=True):
    """A case as the database knows it. `held` says whether its lease runs at this moment."""

    id: CaseId
    kind: Kind
    stage: int
    state: CaseState
    version: int
    post_id: int | None
    comment_id: int | None
    account_id: int | None
    revision: int | None
    author_id: int
    machine: dict[str, Any]
    leased_by: int | None
    leased_until: datetime | None
    held: bool
    due_at: datetime
    created_at: datetime
    closed_at: datetime | None

    def may_be_moved_by(self, reviewer_id: int, *, version: int) -> None:
        """Raises CaseLeased while another holds the case, CaseStale when it is not as the reviewer has read it."""
        if self.held and self.leased_by != reviewer_id:
            raise CaseLeased
        if self.version != version:
            raise CaseStale
