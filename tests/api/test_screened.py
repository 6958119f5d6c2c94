"""Every text that others read passes the machine check: by the rule of its field, on every operation."""

import httpx
import msgspec
import pytest
from msgspec import inspect

from feed.api.screened import require_publishable, screened_texts
from feed.api.state import AppState
from feed.decoding.decoder import body_decoder
from feed.errors import Invalid
from feed.screening.forms import form_of
from feed.screening.screener import Screener, compiled
from feed.screening.word_list import Word
from tests.support.api import Join
from tests.support.text_fields import body_types, string_fields, with_text

SCREENER = Screener(compiled([Word("赌博", form_of("赌博"), "block", "illegal")], 1))
# Fields whose texts stay with staff, or with one person, and why; by the end of the path of the field.
PRIVATE = {
    "reason": "of an act of staff: the audit log",
    "note": "of staff, beside a decision or a mark",
    "recipient_name": "encrypted with the claim",
    "phone": "encrypted with the claim",
    "address": "encrypted with the claim",
    "id_number": "encrypted with the claim",
    "privacy_version": "compared with the version in force",
    "codes[]": "encrypted until its winner sees it",
    "carrier": "for the winner of the prize",
    "tracking_no": "for the winner of the prize",
    "words[].term": "the list of words",
    "words[].note": "the list of words",
    "licence": "a key of the site's licences",
    "scores{}": "names of criteria of the rules",
    "topic": "the name of an existing topic, to filter by",
}
FIELDS = [
    (body, field)
    for body in body_types()
    for field in string_fields(inspect.type_info(body.kind))
    if field.rule is not None
]


def test_every_text_is_shown_as_something_or_stays_private() -> None:
    open_fields = [
        f"{body.method} {body.path}: {field.path}"
        for body, field in FIELDS
        if field.rule is not None
        and not field.rule.shown_as
        and field.path not in PRIVATE
        and not field.path.startswith("recipient_")
    ]
    assert open_fields == []
    shown = {field.rule.shown_as for _, field in FIELDS if field.rule is not None}
    assert shown >= {"post", "comment", "place", "name", "bio", "campaign", "prize", "objection", "report", "topic"}


@pytest.mark.parametrize(
    ("body", "field"),
    [each for each in FIELDS if each[1].rule is not None and each[1].rule.shown_as not in ("", "post", "comment")],
    ids=lambda each: getattr(each, "path", ""),
)
def test_a_blocked_text_is_refused_in_every_field_that_others_read(body, field) -> None:  # type: ignore[no-untyped-def]
    sent = msgspec.json.encode(with_text(body.kind, field.path, "聚众赌博"))
    decoded = body_decoder(body.kind).decode(sent)
    assert screened_texts(body.kind) is not None
    with pytest.raises(Invalid) as refused:
        require_publishable(SCREENER, body.kind, decoded)
    (error,) = refused.value.errors
    assert error.code == "text_blocked"
    assert error.field.replace("[0]", "[]").replace(".聚众赌博", "{}") == field.path
    require_publishable(Screener(), body.kind, decoded)


async def test_a_name_or_bio_with_a_blocked_word_is_422_and_stays_as_it_was(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    app_state.screener.replace(SCREENER.words)
    me = join("小明")
    for change, field in (({"name": "赌*博"}, "name"), ({"name": "好人", "bio": "教你賭博"}, "bio")):
        answer = await me("PATCH", "/me", change)
        assert answer.status_code == 422
        assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(field, "text_blocked")]
    assert (await me("GET", "/me")).json()["name"] == "小明"


async def test_the_place_of_a_post_is_checked_and_may_name_no_contact(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    app_state.screener.replace(SCREENER.words)
    me = join("小明")
    for place in ("赌博一条街", "电话13800138000"):
        answer = await me("POST", "/posts", {"text": "散步", "location": {"name": place}})
        assert [each["field"] for each in answer.json()["errors"]] == ["location.name"]
    assert (await me("POST", "/posts", {"text": "散步", "location": {"name": "莲花山"}})).status_code == 201
