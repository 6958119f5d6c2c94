"""What the publish check finds in a campaign, by field, for the page of its form."""

from collections.abc import Sequence
from typing import Any

import msgspec

from feed.api.dependencies import AnyRequest
from feed.api.errors import Problem
from feed.api.field_words import named_field
from feed.api.pages.calls import get_json
from feed.api.pages.editor.frame import admin_path
from feed.api.pages.sessions import Session


class Finding(msgspec.Struct, frozen=True):
    """A finding about a field. `said` has the words of the field, `message` is shown beside it; `stops`: it prevents the publication."""

    field: str
    message: str
    said: str
    stops: bool


class Findings(msgspec.Struct, frozen=True):
    """The preview of a campaign, and its findings in the order of the check and by field."""

    preview: Any
    items: list[Finding]
    by_field: dict[str, list[Finding]]


async def read_findings(request: AnyRequest, session: Session, campaign_id: str, language: str) -> Findings:
    """The preview of a campaign as it is saved. Raises OperationFailed."""
    preview = await get_json(request, session, admin_path(campaign_id, "/preview"))
    items = [
        *_read(preview["problems"], language, stops=True),
        *_read(preview["advice"], language, stops=False),
    ]
    by_field: dict[str, list[Finding]] = {}
    for each in items:
        by_field.setdefault(each.field, []).append(each)
    return Findings(preview, items, by_field)


def field_words(field: str, language: str) -> str:
    """What people call a field."""
    return named_field(field, language).partition("（" if language != "en" else " (")[0]


def without_keys(problem: Problem, language: str) -> Problem:
    """The problem with fields named by words alone."""
    for each in problem.errors:
        each.message = _without_key(each.message, each.field, language)
    return problem


def _read(found: Sequence[Any], language: str, *, stops: bool) -> list[Finding]:
    return [
        Finding(
            each["field"],
            each["message"].removeprefix(named_field(each["field"], language)).lstrip(" ：:"),
            _without_key(each["message"], each["field"], language),
            stops,
        )
        for each in found
    ]


def _without_key(message: str, field: str, language: str) -> str:
    """The message with the words of the field alone: people do not read its key."""
    return message.replace(named_field(field, language), field_words(field, language), 1)
