"""How the result of a later layer is added to what is stored with a case. Pure."""

from typing import Any

import msgspec

from feed.screening.model import Label, MachineResult

_ORDER = ("pass", "review", "block")
_LABELS_MOST = 40


def stored_result(stored: dict[str, Any]) -> MachineResult:
    """The result that is stored with a case, also by an earlier version."""
    known = {name: value for name, value in stored.items() if name in MachineResult.__struct_fields__}
    try:
        return msgspec.convert({"verdict": "pass"} | known, MachineResult)
    except msgspec.ValidationError:
        return MachineResult("pass")


def merged(stored: MachineResult, labels: list[Label], *, provider: str, list_version: int) -> MachineResult:
    """The result with further hits, each once. It becomes stricter at most."""
    new = [label for label in labels if label not in stored.labels]
    if not new:
        return stored
    verdict = max(stored.verdict, "review", key=_ORDER.index)
    return MachineResult(
        verdict,
        max(stored.risk, min(80, 30 + 10 * len(new))),
        [*stored.labels, *new][:_LABELS_MOST],
        max(stored.list_version, list_version),
        provider if provider != "local" else stored.provider,
    )
