"""What a verification of the audit log finds, each with its place, and the signed statements that explain a finding. Pure."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Literal

import msgspec

from feed.audit.detail import read_detail
from feed.keys.signatures import Moment, PublicKey, Signature, canonical, is_signed

Code = Literal[
    "row_changed",
    "row_removed",
    "row_inserted",
    "row_twice",
    "row_time",
    "row_order",
    "number_removed",
    "number_unsealed",
    "batch_removed",
    "batch_unreadable",
    "batch_changed",
    "batch_signature",
    "batch_position",
    "batch_former",
    "batch_root",
    "batch_inserted",
    "batch_replaced",
    "cut_off",
    "checkpoint_signature",
]
Place = Literal["row", "number", "batch"]

# Acts of the audit log on itself.
ACKNOWLEDGED = "audit.acknowledge"
MONTH_DROPPED = "audit.drop_month"
VERIFIED = "audit.verify"
# Findings of one acknowledging row.
KEYS_PER_ROW = 500


class Finding(msgspec.Struct, frozen=True):
    """Something that is not as it was sealed: from row, number or batch `first` to `last`. `observed` identifies what is there instead."""

    code: Code
    place: Place
    first: int
    last: int
    observed: str = ""

    @property
    def key(self) -> str:
        """Names the finding in an acknowledgement: the same place with another content is another finding."""
        text = f"{self.code} {self.place} {self.first} {self.last} {self.observed}"
        if self.code in ("cut_off", "batch_replaced"):
            # As the log grows, the one becomes the other: the copy outside stays the same.
            text = f"outside {self.last} {self.observed}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]


class Found:
    """The findings of a verification. Each list is bounded: what exceeds it is counted."""

    def __init__(self, known: Collection[str], *, limit: int) -> None:
        self._known = known
        self._limit = limit
        self.new: list[Finding] = []
        self.acknowledged: list[Finding] = []
        self.more = self.more_acknowledged = 0

    def add(self, findings: Iterable[Finding]) -> None:
        """Adds findings, each to those that are acknowledged or to the others."""
        for each in findings:
            if each.key in self._known:
                if len(self.acknowledged) < self._limit:
                    self.acknowledged.append(each)
                else:
                    self.more_acknowledged += 1
            elif len(self.new) < self._limit:
                self.new.append(each)
            else:
                self.more += 1


class DroppedMonth(msgspec.Struct, frozen=True):
    """Rows that were dropped as a whole month: ids from `first_id` to before `end_id`."""

    month: str
    first_id: int
    end_id: int
    rows: int


class Statements(msgspec.Struct, frozen=True):
    """What signed rows of the log itself say: which findings are acknowledged, and which months were dropped."""

    acknowledged: frozenset[str]
    dropped: tuple[DroppedMonth, ...]

    def is_dropped(self, audit_id: int) -> bool:
        return any(each.first_id <= audit_id < each.end_id for each in self.dropped)


def acknowledgement(sign: Callable[[bytes], Signature], keys: Sequence[str], reason: str) -> dict[str, Any]:
    """The signed detail of a row that acknowledges findings."""
    return _signed(sign, {"kind": ACKNOWLEDGED, "findings": sorted(keys), "reason": reason})


def month_dropped(sign: Callable[[bytes], Signature], dropped: DroppedMonth, reason: str) -> dict[str, Any]:
    """The signed detail of a row that records a dropped month."""
    return _signed(
        sign,
        {
            "kind": MONTH_DROPPED,
            "month": dropped.month,
            "first_id": str(dropped.first_id),
            "end_id": str(dropped.end_id),
            "rows": dropped.rows,
            "reason": reason,
        },
    )


def read_statements(details: Iterable[Any], keys: Sequence[PublicKey]) -> Statements:
    """What the details of such rows say. One that no key has signed says nothing."""
    acknowledged: set[str] = set()
    dropped = []
    for detail in details:
        try:
            members = dict(detail)
            signature = msgspec.convert(members.pop("signature", None), Signature)
            if not is_signed(canonical(members), signature, keys):
                continue
            if members["kind"] == ACKNOWLEDGED:
                acknowledged |= set(members["findings"])
            elif members["kind"] == MONTH_DROPPED:
                first, end = int(members["first_id"]), int(members["end_id"])
                dropped.append(DroppedMonth(members["month"], first, end, members["rows"]))
        except (msgspec.ValidationError, KeyError, TypeError, ValueError):
            continue
    return Statements(frozenset(acknowledged), tuple(dropped))


class Verified(msgspec.Struct, frozen=True):
    """What a nightly verification has found, and the last batch up to which nothing was; `whole_at` is when all was verified."""

    batch: int
    root: str
    rows: int
    batches: int
    findings: int
    whole_at: Moment


def verified(sign: Callable[[bytes], Signature], result: Verified) -> dict[str, Any]:
    """The signed detail of a row that records a nightly verification."""
    return _signed(sign, {"kind": VERIFIED, **msgspec.to_builtins(result)})


def read_verified(detail: Any, keys: Sequence[PublicKey]) -> Verified | None:
    """What such a detail says; None if no key has signed it."""
    try:
        members = dict(detail)
        signature = msgspec.convert(members.pop("signature", None), Signature)
        if members["kind"] == VERIFIED and is_signed(canonical(members), signature, keys):
            return msgspec.convert(members, Verified)
    except (msgspec.ValidationError, KeyError, TypeError, ValueError):
        pass
    return None


def _signed(sign: Callable[[bytes], Signature], detail: dict[str, Any]) -> dict[str, Any]:
    # As it is stored, so that the signature is one of what is read back.
    members = read_detail(detail)
    return {**members, "signature": msgspec.to_builtins(sign(canonical(members)))}
