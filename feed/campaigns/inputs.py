"""Reasons and notes that editors and jurors enter, and their validation."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from feed.errors import FieldError
from feed.reasons import DisqualificationReason, ReinstatementReason
from feed.texts import line, prose, text_problems

NOTE = prose(500, required=False)
WRITTEN_REASON = line(500, shown_as="campaign")
# Where it depends on the state whether a reason is needed.
OPTIONAL_REASON = line(500, required=False, shown_as="campaign")

Note = Annotated[str, NOTE.bound]
WrittenReason = Annotated[str, WRITTEN_REASON.bound]
OptionalReason = Annotated[str, OPTIONAL_REASON.bound]


class Disqualifying(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an entry is disqualified. The code is shown to the author, the note is not."""

    reason_code: DisqualificationReason
    note: Note | None = None


class Reinstating(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an entry is reinstated, for the audit log."""

    reason_code: ReinstatementReason
    note: Note | None = None


def contact_of(draft: Mapping[str, Any]) -> str | None:
    """Whom participants ask: the contact in the campaign's fields, else the organiser."""
    return draft.get("contact") or draft.get("organiser") or None


def by_method(template: str, method: str | None) -> str:
    """The key of the template for a campaign that is decided so: a draw has words of its own."""
    return f"{template}.{'draw' if method == 'draw' else 'ranked'}"


def written_reason_problems(reason: str) -> list[FieldError]:
    """The problems of a written reason, for a juror's removal or a cancellation."""
    return text_problems("reason", reason, WRITTEN_REASON)


def note_problems(note: str | None) -> list[FieldError]:
    """The problems of a note."""
    return [] if note is None else text_problems("note", note, NOTE)
