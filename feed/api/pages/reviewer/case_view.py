"""What the page of a case shows: the case, its text in pieces, its versions, its history, and what can be decided."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from feed.accounts.model import Viewer
from feed.api.dependencies import AnyRequest
from feed.api.pages.calls import OperationFailed, call
from feed.api.pages.reviewer.segments import Segment, Versions, compared, marked

Json = Mapping[str, Any]


class CaseView(NamedTuple):
    """A case for a template. `versions`: of the text that others see or have seen and of the one that waits; None without two.

    `history` is None if it cannot be read. `form_token` is that of the decision.
    """

    case: Json
    text: list[Segment]
    versions: Versions | None
    history: Json | None
    reasons: list[Json]
    form_token: str

    @property
    def id(self) -> str:
        """The id of the case."""
        return str(self.case["id"])

    @property
    def decided(self) -> Json | None:
        """The latest verdict in force about this case."""
        found = [each for each in (self.history or {}).get("verdicts", ()) if each["case_id"] == self.id]
        return next((each for each in found if each["undone_at"] is None), None)


async def read_reasons(request: AnyRequest, viewer: Viewer) -> list[Json]:
    """The reasons of verdicts."""
    answer = await call(request, viewer, "GET", "/v1/reason-codes")
    found: list[Json] = answer.json()["items"]
    return found


async def view_cases(
    request: AnyRequest, viewer: Viewer, cases: Sequence[Json], reasons: Sequence[Json]
) -> list[CaseView]:
    """The cases with their histories."""
    histories = await asyncio.gather(*(_history(request, viewer, str(each["id"])) for each in cases))
    return [_view(each, history, reasons) for each, history in zip(cases, histories, strict=True)]


async def _history(request: AnyRequest, viewer: Viewer, case_id: str) -> Json | None:
    try:
        answer = await call(request, viewer, "GET", f"/v1/moderation/cases/{case_id}/history")
    except OperationFailed:
        return None
    found: Json = answer.json()
    return found


def _view(case: Json, history: Json | None, reasons: Sequence[Json]) -> CaseView:
    subject, machine = case["subject"], case["machine"]
    hiding = [each for each in reasons if "reject" in each["verdicts"] or "remove" in each["verdicts"]]
    return CaseView(
        case=case,
        text=marked(subject["text"], machine.get("labels", ())),
        versions=_versions(subject, (history or {}).get("revisions", ())),
        history=history,
        reasons=[each for each in hiding if subject["kind"] in each["subjects"]],
        form_token=secrets.token_urlsafe(16),
    )


def _versions(subject: Json, revisions: Sequence[Json]) -> Versions | None:
    if subject["former_text"] is not None and subject["former_text"] != subject["text"]:
        return compared(subject["former_text"], subject["text"])
    older = [each for each in revisions if each["revision"] < (subject["revision"] or 0)]
    # The newest that was shown, or else the newest.
    before = next((each for each in older if each["approved_at"] is not None), older[0] if older else None)
    if before is None or before["text"] == subject["text"]:
        return None
    return compared(before["text"], subject["text"])
