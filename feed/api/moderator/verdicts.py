"""Endpoints for batches of verdicts, their undo, and the reason codes."""

from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from feed.api.dependencies import InjectedAppState, InjectedKeyedRequest, InjectedViewer, path_id
from feed.cases.model import CaseId, CaseNotFound
from feed.errors import NotFound
from feed.ids import GivenId
from feed.moderation import actions
from feed.moderation.actions import Outcome
from feed.moderation.model import BATCH_MOST, BatchId, BatchNotFound, NewVerdict, Note, VerdictKind, VerdictResult
from feed.numbers import Ordinal
from feed.reasons import VerdictReason
from feed.screens.posts.cards import Id
from feed.screens.reasons import VerdictReasonCard, verdict_reason_cards


class CaseSeen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A case in the version that the reviewer has read."""

    id: GivenId
    version: Ordinal


class BatchIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One verdict on many cases. `remove` and `reject` require a reason."""

    cases: Annotated[list[CaseSeen], msgspec.Meta(max_length=BATCH_MOST, extra_json_schema={"minItems": 1})]
    verdict: VerdictKind
    reason_code: VerdictReason | None = None
    note: Note | None = None


class ItemOutcome(msgspec.Struct, frozen=True):
    """The outcome of one case: `done`, or the error code."""

    id: Id
    outcome: str


class BatchOut(msgspec.Struct, frozen=True):
    """The outcome of a batch; its id is used to undo it."""

    batch_id: Id
    items: list[ItemOutcome]


class ReasonCards(msgspec.Struct, frozen=True):
    """All reason codes of verdicts."""

    items: list[VerdictReasonCard]


@post("/moderation/verdicts", status_code=200)
async def judge_cases(
    data: JSONBody[BatchIn], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> BatchOut:
    """Apply one verdict to up to fifty cases; each succeeds or fails independently."""
    requested = [
        (_case_id(seen.id), NewVerdict(data.verdict, seen.version, data.reason_code, data.note)) for seen in data.cases
    ]
    batch_id, outcomes = await actions.judge_cases(
        app_state.pool, viewer.account_id, requested, keyed_request, announce=app_state.invalidate_posts
    )
    items = [ItemOutcome(seen.id, _outcome(found)) for seen, found in zip(data.cases, outcomes, strict=True)]
    return BatchOut(str(batch_id), items)


@post("/moderation/verdicts/{batch_id:str}/undo", status_code=200, errors=(BatchNotFound,))
async def undo_verdicts(
    batch_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> BatchOut:
    """Undo a batch of the viewer, except for cases that have a later verdict."""
    id_ = BatchId(path_id(batch_id, BatchNotFound))
    outcomes = await actions.undo_verdicts(
        app_state.pool, viewer.account_id, id_, keyed_request, announce=app_state.invalidate_posts
    )
    return BatchOut(str(id_), [ItemOutcome(str(case_id), _outcome(found)) for case_id, found in outcomes])


@get("/reason-codes")
async def list_reasons(viewer: InjectedViewer) -> ReasonCards:
    """The reason codes of verdicts with the words that authors read, the verdicts that they are for, and what they are about."""
    return ReasonCards(verdict_reason_cards())


def _outcome(found: Outcome) -> str:
    return "done" if isinstance(found, VerdictResult) else found.code


def _case_id(raw: str) -> CaseId:
    # A malformed id counts as unknown and fails its own item only: no case has the id 0.
    try:
        return CaseId(path_id(raw, CaseNotFound))
    except NotFound:
        return CaseId(0)


verdicts = Router("/", route_handlers=[judge_cases, undo_verdicts, list_reasons])
