"""Why an editor did what others will ask about: a few words that the audit keeps."""

from feed.errors import FieldError, Invalid
from feed.texts import clean_text, text_problem

REASON_LONGEST = 500


def read_reason(reason: str) -> str:
    """The reason, clean. Raises Invalid when it is empty, too long or holds what cannot be kept."""
    text = clean_text(reason).strip()
    if problem := text_problem(text, shortest=1, longest=REASON_LONGEST):
        raise Invalid(FieldError("reason", problem, {"longest": REASON_LONGEST}))
    return text
