"""Cases: what waits for a human's look, and who holds it."""

from datetime import datetime
from typing import Any, Literal, NewType, get_args

import msgspec

from feed.errors import Conflict, NotFound

CaseId = NewType("CaseId", int)
Kind = Literal["post", "comment", "name", "avatar", "report", "appeal"]
KINDS: tuple[Kind, ...] = get_args(Kind)
CaseState = Literal["open", "closed"]

LEASE_SECONDS = 300
LEASED_MOST = 50
STAGE_LAST = 3


class CaseNotFound(NotFound):
    """No such case."""


class CaseStale(Conflict):
    """The case has moved on since it was read: judged, superseded by a newer revision, or its subject is deleted."""


class CaseLeased(Conflict):
    """Another reviewer holds the case at this moment."""


class CaseNotLeased(Conflict):
    """The reviewer does not hold the case, or no longer."""


class Case(msgspec.Struct, frozen=True):
    """A case as the database knows it. `held_by` is who has a lease that runs at this moment."""

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
    held_by: int | None
    due_at: datetime
    created_at: datetime
    closed_at: datetime | None


class CaseFilter(msgspec.Struct, frozen=True):
    """Which cases a reviewer asks for; None asks for all."""

    stage: int | None = None
    kind: str | None = None
    campaign_id: int | None = None
    topic_id: int | None = None
    has_media: bool | None = None
