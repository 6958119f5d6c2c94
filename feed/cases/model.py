"""Review cases and their leases."""

from datetime import datetime
from typing import Any, Literal, NewType

import msgspec

from feed.errors import Conflict, NotFound
from feed.numbers import Range

CaseId = NewType("CaseId", int)
Kind = Literal["post", "comment", "name", "bio", "avatar", "report", "appeal"]
CaseState = Literal["open", "closed"]
# Why a person must not judge a case: it wrote the subject, or has judged it before, at another stage or in what an appeal is against.
Bar = Literal["own", "judged"]

LEASE_SECONDS = 300
LEASED = Range(1, 50)
STAGE_LAST = 3
STAGES = Range(1, STAGE_LAST)


class CaseNotFound(NotFound):
    """No such case."""


class CaseStale(Conflict):
    """The case has changed since it was read: judged, superseded by a newer revision, or its subject is deleted."""


class CaseLeased(Conflict):
    """Another reviewer has a lease on the case."""


class CaseNotLeased(Conflict):
    """The reviewer has no lease on the case, or it has expired."""


class Case(msgspec.Struct, frozen=True):
    """A row of `cases`. `held_by` is the reviewer with an unexpired lease; `stages` the approvals that publish the subject, 0 if it is visible before."""

    id: CaseId
    kind: Kind
    stage: int
    state: CaseState
    version: int
    stages: int
    risk: int
    post_id: int | None
    comment_id: int | None
    account_id: int | None
    topic_id: int | None
    revision: int | None
    author_id: int
    machine: dict[str, Any]
    held_by: int | None
    due_at: datetime
    created_at: datetime
    closed_at: datetime | None


class CaseFilter(msgspec.Struct, frozen=True):
    """A filter for cases; None does not restrict a member."""

    stage: int | None = None
    kind: str | None = None
    campaign_id: int | None = None
    topic_ids: list[int] | None = None
    has_media: bool | None = None
