"""Makes title and body of a notification from its template and parameters, in the reader's language. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from string import Formatter
from typing import Any

from feed.campaigns.inputs import WRITTEN_REASON
from feed.campaigns.text_rules import BEACON, CONTACT
from feed.screens.notices import labels
from feed.screens.notices.account import ACCOUNT
from feed.screens.notices.campaigns import CAMPAIGNS
from feed.screens.notices.media import MEDIA
from feed.screens.notices.people import PEOPLE
from feed.screens.notices.prizes import PRIZES
from feed.screens.notices.reviews import REVIEWS
from feed.screens.notices.takedowns import TAKEDOWNS
from feed.screens.notices.template import Template, Templates, Words
from feed.sms.model import SHANGHAI
from feed.texts import quoted

TEMPLATES: Templates = ACCOUNT | MEDIA | PEOPLE | REVIEWS | TAKEDOWNS | CAMPAIGNS | PRIZES
# For a row of a later version, which a process of this one may read during an update.
_UNKNOWN = Template(Words("你有一条新通知", ""), Words("You have a new notification", ""))
# Twenty prizes with the longest names.
_PRIZES_LONGEST = 1500
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
Kind = Callable[[Any, str], str]


def render(template: str, params: Mapping[str, Any], language: str) -> Words:
    """Title and body in `en` or `zh-CN`. A parameter that is missing is shown as an ellipsis."""
    words = TEMPLATES.get(template, _UNKNOWN).words(language)
    formatter = _Formatter(language)
    return Words(formatter.vformat(words.title, (), params), formatter.vformat(words.body, (), params))


class _Missing:
    """Stands for a parameter that the row does not have."""


class _Formatter(Formatter):
    def __init__(self, language: str) -> None:
        self._language = language

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs.get(str(key), _Missing)

    def format_field(self, value: Any, format_spec: str) -> str:
        return "…" if value is _Missing else KINDS[format_spec](value, self._language)


def _in(language: str, zh: str, en: str) -> str:
    return en if language == "en" else zh


def _prose(value: Any, _: str) -> str:
    return str(value)


def _quoted(value: Any, _: str, *, longest: int = 60) -> str:
    return quoted(str(value), longest)


def _reason(value: Any, language: str) -> str:
    return _quoted(str(value).rstrip("。."), language, longest=WRITTEN_REASON.longest)


def _ask(value: Any, language: str) -> str:
    """The sentence on whom to ask: the contact of the organiser, if there is one."""
    asked = _quoted(value, language, longest=CONTACT.longest) if value else ""
    return _in(
        language,
        f"如有疑问，请联系主办方{asked and '：' + asked}。",
        f"Questions? Ask the organiser{asked and ': ' + asked}.",
    )


def _count(value: Any, _: str) -> str:
    return str(value)


def _people(value: Any, _: str) -> str:
    return f"{value} {'person' if value == 1 else 'people'}"


def _others(value: Any, _: str) -> str:
    return f"{value - 1} {'other' if value == 2 else 'others'}"


def _items(value: Any, _: str) -> str:
    return f"{value} {'item is' if value == 1 else 'items are'}"


def _first(value: Any, _: str) -> str:
    return quoted(value[0]) if value else "…"


def _names(value: Any, language: str) -> str:
    return _in(language, "、", ", ").join(map(quoted, value))


def _prizes(value: Any, language: str) -> str:
    listed = _in(language, "、", ", ").join(f"{prize['name']} ×{prize['per_winner']}" for prize in value)
    return quoted(listed, _PRIZES_LONGEST)


def _time(value: Any, language: str, *, with_year: bool = False) -> str:
    at = datetime.fromisoformat(value).astimezone(SHANGHAI)
    year = (f"{at.year}年", f" {at.year}") if with_year else ("", "")
    return _in(
        language,
        f"{year[0]}{at.month}月{at.day}日{at:%H:%M}",
        f"{at.day} {_MONTHS[at.month - 1]}{year[1]}, {at:%H:%M} (Beijing time)",
    )


def _objection(value: Any, language: str) -> str:
    """The sentence on objecting, with the space after it; empty where it is too late to object."""
    if value is None:
        return ""
    until = _time(value, language)
    return _in(
        language,
        f"如有异议，可在{until}前到活动页提出。",
        f"You can object on the campaign's page before {until}. ",
    )


def _coded(table: labels.Labels) -> Kind:
    return partial(labels.label, table)


KINDS: dict[str, Kind] = {
    "prose": _prose,
    "quoted": _quoted,
    "beacon": partial(_quoted, longest=BEACON.longest),
    "reason": _reason,
    "ask": _ask,
    "count": _count,
    "people": _people,
    "others": _others,
    "items": _items,
    "first": _first,
    "names": _names,
    "prizes": _prizes,
    "time": _time,
    "long_time": partial(_time, with_year=True),
    "objection": _objection,
    "subject": _coded(labels.SUBJECTS),
    "decided": _coded(labels.DECIDED),
    "report_target": _coded(labels.REPORT_TARGETS),
    "entry": _coded(labels.ENTRIES),
    "stage": _coded(labels.STAGES),
    "sanction": _coded(labels.SANCTIONS),
    "effect": _coded(labels.EFFECTS),
    "reason_code": labels.reason,
    "block_ranked": _coded(labels.BLOCKS_RANKED),
    "block_draw": _coded(labels.BLOCKS_DRAW),
    "ended_ranked": _coded(labels.ENDED_RANKED),
    "ended_draw": _coded(labels.ENDED_DRAW),
    "why_ranked": partial(labels.replacement_reason, labels.WHY_RANKED),
    "why_draw": partial(labels.replacement_reason, labels.WHY_DRAW),
}
