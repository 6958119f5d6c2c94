"""Reasons and notes that editors and jurors enter, and their validation."""

from typing import Annotated

import msgspec

from feed.campaigns.text_rules import CONTACT
from feed.errors import FieldError
from feed.texts import line, prose, quoted, text_problems

NOTE = prose(500, required=False)
WRITTEN_REASON = line(500)
# Where it depends on the state whether a reason is needed.
OPTIONAL_REASON = line(500, required=False)
REASON_CODE = line(40)

Note = Annotated[str, NOTE.bound]
WrittenReason = Annotated[str, WRITTEN_REASON.bound]
OptionalReason = Annotated[str, OPTIONAL_REASON.bound]
ReasonCode = Annotated[str, REASON_CODE.bound]

# Labels of the codes that editors use most, as authors read them; other codes are allowed too.
_LABELS = {
    "copied": "抄袭或搬运他人作品",
    "plagiarism": "抄袭或搬运他人作品",
    "copyright": "侵犯著作权",
    "off_topic": "与活动主题无关",
    "duplicate": "重复投稿",
    "spam": "广告或刷屏",
    "cheating": "刷赞或作弊",
    "bought": "刷赞或作弊",
    "unlawful": "违法违规",
    "ineligible": "不符合参与条件",
}

# Reasons of verdicts in favour of a post, which name nothing that an entry or an account could be excluded for.
IN_FAVOUR = frozenset({"fine", "mistaken"})


class Reason(msgspec.Struct, frozen=True):
    """Why an entry is disqualified or reinstated. The code is shown to the author, the note is not."""

    reason_code: ReasonCode = ""
    note: Note | None = None


def reason_problems(reason_code: str, note: str | None, *, is_adverse: bool = True) -> list[FieldError]:
    """The problems of a reason. An adverse act cannot have a reason in favour of the author, who reads it."""
    errors = note_problems(note)
    if problems := text_problems("reason_code", reason_code, REASON_CODE):
        errors += problems
    elif not (reason_code.isascii() and reason_code.replace("_", "").isalnum()):
        errors.append(FieldError("reason_code", "forbidden_character"))
    elif is_adverse and reason_code in IN_FAVOUR:
        errors.append(FieldError("reason_code", "invalid_value"))
    return errors


def reason_label(reason_code: str) -> str:
    """The reason as the author reads it, in Chinese."""
    return _LABELS.get(reason_code, f"其他原因（{reason_code}）")


def contact_label(contact: str | None, organiser: str | None = None) -> str:
    """Whom to ask, for use within a sentence: the contact in the rules, else the organiser."""
    written = contact or organiser
    return quoted(written, CONTACT.longest) if written else "活动主办方"


def written_reason_problems(reason: str) -> list[FieldError]:
    """The problems of a written reason, for a juror's removal or a cancellation."""
    return text_problems("reason", reason, WRITTEN_REASON)


def note_problems(note: str | None) -> list[FieldError]:
    """The problems of a note."""
    return [] if note is None else text_problems("note", note, NOTE)
