"""What a text is: a line or prose. Bounded while a body is decoded, then normalised (NFC), then validated.

Every text field of a request is declared with the `bound` of its rule (`Annotated[str, NAME.bound]`), so a text is short
before it is normalised. `read_text` does the rest. Lengths are in code points.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, TypeVar

import msgspec
import unicodedata2 as unicodedata

from feed.errors import FieldError, Invalid

# A character of a text in NFC has at most four code points when it is decomposed, so a longer text is too long in NFC as well.
RAW_PER_NORMALISED = 4
MARKS_MOST = 30
# The maximum number of field errors reported for a long list.
_MAX_ERRORS = 20

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), which `unicodedata` does not have.
IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Letters and symbols that are drawn blank: a Braille cell, a null notehead, Egyptian blanks, the placeholder of an object.
_BLANK = frozenset("\u2800\U0001d159\U00013441\U00013442\ufffc")
# Format characters that are drawn, before the digits or letters that they enclose (Prepended_Concatenation_Mark).
_DRAWN_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
# Joiners within emoji, Indic and Persian text.
_JOINERS = frozenset("\u200c\u200d")
# The flag of a region, for instance Scotland: a black flag and tags, which are invisible anywhere else.
_FLAG = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]{1,20}\U000e007f)")
_SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
# Controls except the tab and line breaks; embeddings and overrides, whose effect need not end with the text; lone surrogates.
_NOT_IN_PROSE = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff"
_FORBIDDEN = re.compile(f"[{_NOT_IN_PROSE}]")
_FORBIDDEN_OR_ISOLATE = re.compile(f"[{_NOT_IN_PROSE}\u2066-\u2069]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ISOLATE = re.compile("[\u2066-\u2069]")
_LINE_BREAK = re.compile("[\n\r\u2028\u2029]")
# What may be in a run of marks: marks, and format characters, which are invisible and do not end it. Planes 2 to 13 have none.
_MARKS = frozenset(
    character
    for character in map(chr, [*range(0x20000), *range(0xE0000, 0xE1000)])
    if unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf")
)

Given = TypeVar("Given", str, str | None)


class TextRule(msgspec.Struct, frozen=True):
    """The rule of a text field. A line has no line breaks and no characters that control its neighbours.

    `required`: empty and blank texts are rejected. `longest` is the maximum length in NFC. `shown_as` is the kind of text as which
    the machine check looks at it; empty for a text that stays with staff or with the person it is from.
    """

    longest: int
    is_line: bool
    required: bool
    shown_as: str = ""

    @property
    def bound(self) -> msgspec.Meta:
        """The annotation of a field with this rule: the bound that is checked while decoding, before the text is normalised."""
        return msgspec.Meta(
            max_length=self.raw_longest,
            # The document and the errors state the maximum that users know.
            extra={"text": self, "longest": self.longest},
        )

    @property
    def raw_longest(self) -> int:
        """The maximum length before normalisation."""
        return RAW_PER_NORMALISED * self.longest


def line(longest: int, *, required: bool = True, shown_as: str = "") -> TextRule:
    """The rule of a text of one line, for instance a name, a title, a place or a reason."""
    return TextRule(longest, is_line=True, required=required, shown_as=shown_as)


def prose(longest: int, *, required: bool = True, shown_as: str = "") -> TextRule:
    """The rule of a text that may have line breaks, for instance a post or an answer."""
    return TextRule(longest, is_line=False, required=required, shown_as=shown_as)


def opaque(longest: int) -> msgspec.Meta:
    """The annotation of a string that is compared and never shown as a text: an id, a choice, a token, a code."""
    return msgspec.Meta(max_length=longest, extra={"opaque": True})


def among(values: Sequence[str]) -> msgspec.Meta:
    """The annotation of a string whose own check accepts these values only.

    For what may be stored with a value of another version, which decoding must not reject. Otherwise a `Literal` says it. An empty
    value among them is a missing one.
    """
    longest = max(40, *map(len, values))
    extra = {"opaque": True, "allowed": tuple(filter(None, values))}
    return msgspec.Meta(max_length=longest, extra_json_schema={"enum": list(values)}, extra=extra)


# The reason of an editor's action, for the audit log.
REASON = line(500)
Reason = Annotated[str, REASON.bound]
# The same where it may be left out.
OptionalReason = Annotated[str, line(500, required=False).bound]


def read_text(value: str, rule: TextRule) -> tuple[str, str | None]:
    """The text as it is stored (NFC; a line without the spaces around it, nothing instead of spaces alone), and the error code if it is invalid, else None.

    The length comes first: a text that is too long is returned as it is.
    """
    if len(value) > rule.raw_longest:
        return value, "too_long"
    if _has_long_run_of_marks(value):
        return value, "too_many_marks"
    text = normalised(value)
    # Normalising may make more marks of one, but only of a text that it changes.
    if text != value and _has_long_run_of_marks(text):
        return text, "too_many_marks"
    if text.isspace():
        text = ""
    elif rule.is_line:
        text = text.strip(_SPACES)
    return text, _problem(text, rule)


def has_controls(value: str) -> bool:
    """Whether an opaque string, for instance the subject of a token, has controls or what Postgres cannot store."""
    return _CONTROLS.search(value) is not None


def normalised(value: Given) -> Given:
    """The text in NFC, None for None. For a text whose length was checked before."""
    return None if value is None else unicodedata.normalize("NFC", value)


def field_errors(field: str, problem: str | None, rule: TextRule) -> list[FieldError]:
    """The error of a field with the problem that `read_text` has found, as a list; empty without one."""
    params = {"most": MARKS_MOST} if problem == "too_many_marks" else {"longest": rule.longest}
    return [FieldError(field, problem, params)] if problem else []


def text_problems(field: str, value: str, rule: TextRule) -> list[FieldError]:
    """The problem of a text as a list, for fields whose text is read elsewhere; empty if it is valid."""
    return field_errors(field, read_text(value, rule)[1], rule)


def require_texts(given: Mapping[str, tuple[str, TextRule]]) -> dict[str, str]:
    """The texts as they are stored, by field. `given` maps fields to (text, rule). Raises Invalid with every invalid field."""
    texts = {field: read_text(value, rule) for field, (value, rule) in given.items()}
    errors = [each for field, (_, problem) in texts.items() for each in field_errors(field, problem, given[field][1])]
    if errors:
        raise Invalid(*errors[:_MAX_ERRORS])
    return {field: text for field, (text, _) in texts.items()}


def require_text(field: str, value: str, rule: TextRule) -> str:
    """The text as it is stored. Raises Invalid, which names the field."""
    text, problem = read_text(value, rule)
    if problem is not None:
        raise Invalid(*field_errors(field, problem, rule))
    return text


def read_reason(reason: str) -> str:
    """The reason of an editor's action, for the audit log. Raises Invalid."""
    return require_text("reason", reason, REASON)


def has_visible_text(value: str) -> bool:
    """Whether the text has a visible character: not only spaces, marks, joiners, fillers and other characters without a glyph."""
    return any(map(_is_visible, value))


def fitted_line(value: str, longest: int) -> str:
    """A line made from any text, of at most `longest` code points; empty if nothing in it is visible.

    For texts that cannot be rejected, for instance the name in a token: what a line must not contain is removed, line
    breaks become spaces, and the rest is cut.
    """
    kept = _allowed_in_line(normalised(value[: RAW_PER_NORMALISED * longest]))
    # The cut may leave half of an emoji sequence, which ends with its joiner or loses the end of its tags.
    kept = _allowed_in_line(_without_long_runs(" ".join(kept.split()))[:longest]).rstrip("\u200c\u200d ")
    return kept if has_visible_text(kept) else ""


def quotable(value: str, longest: int) -> str:
    """What another person wrote, for use between quotes: one line, cut, and without quotes that would end them."""
    return fitted_line(value, longest).replace("“", "‘").replace("”", "’")


def quoted(value: str, longest: int = 60) -> str:
    """What another person wrote, for use within a sentence: one line, in quotes that the text cannot end."""
    return f"“{quotable(value, longest)}”"


def _problem(text: str, rule: TextRule) -> str | None:
    """The error code of a text in NFC."""
    if len(text) > rule.longest:
        return "too_long"
    if not text or text.isspace():
        return "required" if rule.required else None
    # `isprintable` reads no table of ours, but is fast; what it does not know is looked at closely.
    if not text.isprintable() and not (_is_line(text) if rule.is_line else _is_prose(text)):
        return "forbidden_character"
    return None if has_visible_text(text) else "invisible"


def _is_line(text: str) -> bool:
    return all(_is_allowed_in_line(each) for each in _FLAG.sub("", text))


def _allowed_in_line(text: str) -> str:
    """The text without what a line must not contain; white space becomes a space."""
    parts = _FLAG.split(text)
    parts[::2] = ["".join(_in_line(each) for each in part) for part in parts[::2]]
    return "".join(parts)


def _in_line(character: str) -> str:
    if _is_allowed_in_line(character):
        return character
    return " " if character.isspace() else ""


def _is_allowed_in_line(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cf":
        return character in _JOINERS or character in _DRAWN_FORMATS
    if category == "Cn":  # Unassigned: a character of a later version of Unicode, unless it can never be one.
        return not _is_noncharacter(ord(character)) and not IGNORABLE.match(character)
    return category not in ("Cc", "Cs", "Zl", "Zp")


def _is_noncharacter(code_point: int) -> bool:
    return code_point & 0xFFFE == 0xFFFE or 0xFDD0 <= code_point <= 0xFDEF


def _is_prose(text: str) -> bool:
    if not _FORBIDDEN_OR_ISOLATE.search(text):
        return True
    return not _FORBIDDEN.search(text) and all(_is_balanced(each) for each in _LINE_BREAK.split(text))


def _is_balanced(text: str) -> bool:
    """Whether each bidi isolate ends where it began: in this line, so that it cannot change the direction of what follows."""
    depth = 0
    for each in _ISOLATE.findall(text):
        depth += -1 if each == "\u2069" else 1
        if depth < 0:
            return False
    return depth == 0


def _is_visible(character: str) -> bool:
    category = unicodedata.category(character)
    if category in ("Cf", "Co"):
        return category == "Co" or character in _DRAWN_FORMATS
    return category[0] not in "CZM" and character not in _BLANK and not IGNORABLE.match(character)


def _has_long_run_of_marks(text: str) -> bool:
    # A run of 31 covers every 31st position once, so the others are looked at only where a mark is at such a position.
    if text.isascii() or _MARKS.isdisjoint(text[MARKS_MOST :: MARKS_MOST + 1]):
        return False
    positions = range(MARKS_MOST, len(text), MARKS_MOST + 1)
    return any(text[each] in _MARKS and _run_at(text, each) > MARKS_MOST for each in positions)


def _run_at(text: str, position: int) -> int:
    """The length of the run of marks around a mark, as far as it matters."""
    start = end = position
    while start > 0 and position - start <= MARKS_MOST and text[start - 1] in _MARKS:
        start -= 1
    while end + 1 < len(text) and end - position <= MARKS_MOST and text[end + 1] in _MARKS:
        end += 1
    return end - start + 1


def _without_long_runs(text: str) -> str:
    kept: list[str] = []
    run = 0
    for each in text:
        run = run + 1 if each in _MARKS else 0
        if run <= MARKS_MOST:
            kept.append(each)
    return "".join(kept)


def as_typed(value: str) -> str:
    """The digits and letters of a code or a phone number as they were typed or pasted, in ASCII where they have an ASCII form.

    NFKC, without invisible characters; each decimal digit, dash and space becomes the ASCII one. For a text whose length was
    checked before.
    """
    return "".join(map(_ascii_form, IGNORABLE.sub("", unicodedata.normalize("NFKC", value))))


def _ascii_form(character: str) -> str:
    if character.isascii() and not character.isspace():
        return character
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd" or character == "\u2212":
        return "-"
    return " " if character.isspace() else character
