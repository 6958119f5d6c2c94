"""Review cases and their leases."""

from datetime import datetime
from typing import Any, Literal, NewType

import msgspec

from feed.errors import Conflict, NotFound
from feed.numbers import Range

CaseId = NewType("CaseId", int)
Kind = Literal["post", "comment", "name", "bio", "avatar", "report", "appeal"]
CaseState = Literal["open", "closed"]
# Where a search for cases begins; `campaign` if its posts are few.
Source = Literal["all", "kind", "stage", "campaign", "author", "subject"]
# Why a person must not judge a case: it wrote the subject or the revision, organises a campaign that it is part of, or has judged it before, at another stage or in what an appeal is against.
Bar = Literal["own", "judged", "organiser"]

LEASE_SECONDS = 300
LEASED = Range(1, 50)
# The cases that a person has leased at once, with all accounts.
LEASES_MOST = 50
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


class LeasesFull(Conflict):
    """The reviewer's person has leased as many cases as one may have."""


SubjectKind = Literal["post", "comment", "account", "topic"]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a case is about. `post_id` of a comment: the post that it is under. A topic has no author."""

    author_id: int | None
    post_id: int | None = None
    comment_id: int | None = None
    account_id: int | None = None
    topic_id: int | None = None
    revision: int | None = None

    @property
    def id(self) -> int:
        """The id of the comment, post, account or topic."""
        found = self.comment_id or self.post_id or self.account_id or self.topic_id
        assert found is not None
        return found

    @property
    def kind(self) -> SubjectKind:
        """What it is, in the words of the audit log."""
        if self.post_id is not None:
            return "post" if self.comment_id is None else "comment"
        return "topic" if self.account_id is None else "account"


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
    author_id: int | None
    machine: dict[str, Any]
    held_by: int | None
    due_at: datetime
    created_at: datetime
    closed_at: datetime | None

    @property
    def subject(self) -> Subject:
        """What the case is about."""
        return Subject(
            author_id=self.author_id,
            post_id=self.post_id,
            comment_id=self.comment_id,
            account_id=self.account_id,
            topic_id=self.topic_id,
            revision=self.revision,
        )


class CaseFilter(msgspec.Struct, frozen=True):
    """A filter for cases; None does not restrict a member.

    `subject_id`: the post, the comment or the account that is judged. `nothing`: two of the given restrictions exclude each other.
    """

    stage: int | None = None
    kind: Kind | None = None
    campaign_id: int | None = None
    topic_ids: list[int] | None = None
    has_media: bool | None = None
    subject_id: int | None = None
    author_id: int | None = None
    nothing: bool = False

    @property
    def source(self) -> Source:
        """What restricts the cases most: where a search for them begins."""
        if self.subject_id is not None:
            return "subject"
        if self.author_id is not None:
            return "author"
        if self.kind is not None:
            return "kind"
        # Most cases are at the first stage.
        return "all" if self.stage in (None, 1) else "stage"

    def restricted(self, **members: Any) -> "CaseFilter":
        """This filter with further restrictions; None is none."""
        given = {name: value for name, value in members.items() if value is not None}
        apart = any(getattr(self, name) not in (None, value) for name, value in given.items())
        return msgspec.structs.replace(self, **given, nothing=self.nothing or apart)
