"""Many verdicts at once, taking them back, and the reasons there are."""

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from feed.api.dependencies import InjectedAppState, InjectedKeyedRequest, InjectedViewer, path_id
from feed.cases.model import CaseId, CaseNotFound
from feed.errors import NotFound
from feed.moderation import actions
from feed.moderation.actions import Outcome
from feed.moderation.model import BatchId, BatchNotFound, Judged, NewVerdict
from feed.screens.posts.cards import Id
from feed.screens.staff import cases as screen
from feed.screens.staff.cases import ReasonCard


class CaseSeen(msgspec.Struct, frozen=True):
    """A case as the reviewer has read it."""

    id: Id
    version: int


class BatchIn(msgspec.Struct, frozen=True):
    """One verdict on many cases."""

    cases: list[CaseSeen]
    verdict: str
    reason_code: str = "fine"
    note: str | None = None


class ItemOutcome(msgspec.Struct, frozen=True):
    """What became of one case: `done`, or the code of the refusal."""

    id: Id
    outcome: str


class BatchOut(msgspec.Struct, frozen=True):
    """What became of a batch; its id takes it back."""

    batch_id: Id
    items: list[ItemOutcome]


class ReasonCards(msgspec.Struct, frozen=True):
    """Every reason there is."""

    items: list[ReasonCard]


@post("/moderation/verdicts", status_code=200)
async def judge_cases(
    data: JSONBody[BatchIn], app_state: InjectedAppState, viewer: InjectedViewer, keyed_request: InjectedKeyedRequest
) -> BatchOut:
    """One verdict on up to fifty cases, each by itself."""
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
    """Take one's own batch back, except where somebody has judged since."""
    id_ = BatchId(path_id(batch_id, BatchNotFound))
    outcomes = await actions.undo_verdicts(
        app_state.pool, viewer.account_id, id_, keyed_request, announce=app_state.invalidate_posts
    )
    return BatchOut(str(id_), [ItemOutcome(str(case_id), _outcome(found)) for case_id, found in outcomes])


@get("/reason-codes")
async def list_reasons(viewer: InjectedViewer) -> ReasonCards:
    """Why something is judged so: the codes and their words."""
    return ReasonCards(screen.reason_cards())


def _outcome(found: Outcome) -> str:
    return "done" if isinstance(found, Judged) else found.code


def _case_id(raw: str) -> CaseId:
    # A malformed id is an unknown one, and refuses its own item alone: no case has the number 0.
    try:
        return CaseId(path_id(raw, CaseNotFound))
    except NotFound:
        return CaseId(0)


verdicts = Router("/", route_handlers=[judge_cases, undo_verdicts, list_reasons])
