"""The fields of a campaign as texts of a form, and what a form changes. Pure.

A text is named by the path of its field in the API, `prizes[0].name`, so that a problem of the API names the field of the form.
Times are entered in Shanghai time, whatever the browser's zone is. What cannot be read stays as it was typed: the API says what is
wrong with it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from feed.api.html.formats import parse_time
from feed.api.pages.editor.typed_times import typed_instant
from feed.campaigns.model import BEACONS, TIE_BREAKS

Texts = dict[str, str]

_TEXTS = ("title", "topic", "body", "notes", "announcement_post_id", "cover_media_id", "organiser", "contact", "beacon")
_CHOICES = ("method", "unclaimed", "board", "tax_borne_by", "licence", "entry_by")
_NUMBERS = (
    "objection_days",
    "winner_count",
    "reserve_count",
    "shortlist_size",
    "claim_days",
    "beacon_wait_hours",
    "quorum",
)
_TIMES = ("starts_at", "ends_at", "settle_at", "claim_ends_at")
# Lists of a fixed number of choices; of objects, which grow; and the members of such an object.
_ORDERS = {"tie_break": len(TIE_BREAKS), "beacon_order": len(BEACONS)}
ROWS = {
    "prizes": (
        "name",
        "kind",
        "per_winner",
        "value_cny",
        "places[0]",
        "places[1]",
        "terms",
        "valid_until",
        "image_media_id",
    ),
    "criteria": ("name", "weight"),
}
_OBJECTS = {
    "weights": ("quality", "likes", "comments"),
    "caps": ("likes", "comments"),
    "eligibility": ("min_account_age_days", "require_media"),
    "delivery": ("within_days", "place"),
}
FIELDS = (*_TEXTS, *_CHOICES, *_NUMBERS, *_TIMES, "review_chain", "shares_topic", *_ORDERS, *ROWS, *_OBJECTS)
_INTEGERS = frozenset({"per_winner", "likes", "comments", "min_account_age_days", "within_days"})
# A new row, where it is not empty.
_NEW_ROW = {"per_winner": "1"}
_PATH = re.compile(r"(\w+)\[(\d{1,3})\]\.(.+)")
_ROWS_MOST = 40


def field_of(name: str) -> str:
    """The field of the campaign that a text is a part of: `prizes` of `prizes[0].name`."""
    return re.split(r"[.\[]", name, maxsplit=1)[0]


def texts_of(campaign: Mapping[str, Any]) -> Texts:
    """What a form shows of a campaign, from the body of its operation."""
    texts = {name: _text(campaign[name]) for name in (*_TEXTS, *_CHOICES, *_NUMBERS, "review_chain")}
    texts |= {name: time_text(campaign[name]) for name in _TIMES}
    texts["shares_topic"] = _text(campaign["shares_topic"])
    for name, places in _ORDERS.items():
        given = campaign[name]
        texts |= {f"{name}[{place}]": given[place] if place < len(given) else "" for place in range(places)}
    for name, members in _OBJECTS.items():
        texts |= {f"{name}.{member}": _text(campaign[name][member]) for member in members}
    for index, prize in enumerate(campaign["prizes"]):
        first, last = prize["places"] or ("", "")
        shown = prize | {
            "places[0]": first,
            "places[1]": last,
            "valid_until": time_text(prize["valid_until"]),
        }
        texts |= {f"prizes[{index}].{member}": _text(shown[member]) for member in ROWS["prizes"]}
    for index, criterion in enumerate(campaign["criteria"]):
        texts |= {f"criteria[{index}].{member}": _text(criterion[member]) for member in ROWS["criteria"]}
    return texts


def read_form(fields: Mapping[str, tuple[str, ...]], shown: Texts) -> Texts:
    """The texts of a form that was sent. What it does not have, because it cannot be changed, is as it was shown.

    Rows are those of the form, if it has any of theirs, without the empty ones.
    """
    given = {name: values[-1].replace("\r\n", "\n") for name, values in fields.items()}
    texts = {name: given.get(name, text) for name, text in shown.items() if not _PATH.fullmatch(name)}
    for name, members in ROWS.items():
        source = given if f"{name}.present" in given else shown
        for index, row in enumerate(each for each in _rows(source, name) if _is_filled(each)):
            texts |= {f"{name}[{index}].{member}": row.get(member, "") for member in members}
    return texts


def rows_of(texts: Texts, name: str) -> int:
    """The number of rows of a list."""
    return len(_rows(texts, name))


def edit_rows(texts: Texts, action: str) -> Texts:
    """The texts after a button of a row: `add:prizes`, `remove:prizes:1`, `up:prizes:1`. Anything else changes nothing."""
    verb, _, rest = action.partition(":")
    name, _, place = rest.partition(":")
    if name not in ROWS:
        return texts
    rows = _rows(texts, name)
    index = int(place) if place.isascii() and place.isdecimal() and len(place) < 4 else len(rows)
    if verb == "add" and len(rows) < _ROWS_MOST:
        rows.append({member: _NEW_ROW.get(member, "") for member in ROWS[name]})
    elif verb == "remove" and index < len(rows):
        del rows[index]
    elif verb == "up" and 0 < index < len(rows):
        rows[index - 1], rows[index] = rows[index], rows[index - 1]
    kept = {key: text for key, text in texts.items() if field_of(key) != name or not _PATH.fullmatch(key)}
    return kept | {
        f"{name}[{index}].{member}": row.get(member, "") for index, row in enumerate(rows) for member in ROWS[name]
    }


def changed_fields(before: Texts, after: Texts) -> list[str]:
    """The fields of the campaign whose texts differ, in the order of the form."""
    names = {field_of(name) for name in before.keys() | after.keys() if before.get(name, "") != after.get(name, "")}
    return [name for name in FIELDS if name in names]


def merge(basis: Texts, mine: Texts, theirs: Texts) -> Texts:
    """What others have written meanwhile, with what this editor has changed over it."""
    own = set(changed_fields(basis, mine))
    return {name: text for name, text in theirs.items() if field_of(name) not in own} | {
        name: text for name, text in mine.items() if field_of(name) in own
    }


def change_of(shown: Texts, typed: Texts, campaign: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a change: the fields that differ from the campaign as it was shown."""
    return {name: _value(name, typed, campaign) for name in changed_fields(shown, typed)}


def time_text(value: str | None) -> str:
    """A time of the API as a form has it: Shanghai time without its zone."""
    if value is None:
        return ""
    at = parse_time(value)
    return f"{at:%Y-%m-%dT%H:%M:%S}" if at.second else f"{at:%Y-%m-%dT%H:%M}"


def _value(name: str, texts: Texts, campaign: Mapping[str, Any]) -> Any:
    if name in _TIMES:
        return typed_instant(texts[name]) or None
    if name in _NUMBERS or name == "review_chain":
        return _number(texts[name])
    if name == "shares_topic":
        return texts[name] == "true"
    if name in _ORDERS:
        return [texts[f"{name}[{place}]"] for place in range(_ORDERS[name]) if texts[f"{name}[{place}]"]]
    if name in _OBJECTS:
        return {member: _member(member, texts[f"{name}.{member}"]) for member in _OBJECTS[name]}
    if name == "prizes":
        return [_prize(row, campaign) for row in _rows(texts, name)]
    if name == "criteria":
        return [{"name": row["name"], "weight": row["weight"].strip() or "0"} for row in _rows(texts, name)]
    return texts[name] or None


def _member(member: str, text: str) -> Any:
    if member == "require_media":
        return text == "true"
    if member == "place":
        return text or None
    return (_number(text) if member in _INTEGERS else text.strip()) or 0


def _prize(row: Mapping[str, str], campaign: Mapping[str, Any]) -> dict[str, Any]:
    # A stored time may be more exact than a form shows: it stays what it is while its text stays.
    exact = {time_text(each["valid_until"]): each["valid_until"] for each in campaign["prizes"]}
    places = (row["places[0]"].strip(), row["places[1]"].strip())
    return {
        "name": row["name"],
        "kind": row["kind"],
        "per_winner": _number(row["per_winner"] or "1"),
        "value_cny": row["value_cny"].strip() or None,
        "places": ["" if (number := _number(each)) is None else number for each in places] if any(places) else None,
        "terms": row["terms"] or None,
        "valid_until": exact.get(row["valid_until"]) or (typed_instant(row["valid_until"]) or None),
        "image_media_id": row["image_media_id"] or None,
    }


def _number(text: str) -> int | str | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text or None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _rows(texts: Mapping[str, str], name: str) -> list[dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for list_name, index, member, text in _members(texts):
        if list_name == name:
            found.setdefault(index, {})[member] = text
    return [found[index] for index in sorted(found)]


def _members(texts: Mapping[str, str]) -> Iterator[tuple[str, int, str, str]]:
    for key, text in texts.items():
        if (match := _PATH.fullmatch(key)) and match[3] in ROWS.get(match[1], ()):
            yield match[1], int(match[2]), match[3], text


def _is_filled(row: Mapping[str, str]) -> bool:
    return any(text.strip() and text != _NEW_ROW.get(member) for member, text in row.items())
