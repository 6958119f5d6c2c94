"""What is no text is rejected in every text field of every operation, with the field's path."""

import json
from typing import Literal

import httpx
import pytest
import unicodedata2
from msgspec import inspect

from feed.api.state import AppState
from tests.support import make, make_media
from tests.support.api import Join, Person
from tests.support.text_fields import BodyType, bad_texts, body_types, string_fields, with_text

IDS = (
    "post_id",
    "campaign_id",
    "case_id",
    "comment_id",
    "user_id",
    "prize_id",
    "message_id",
    "objection_id",
    "void_id",
    "push_id",
    "purge_id",
    "job_id",
    "media_id",
)
# Names from the app's own server are made to fit; what a claim needs follows from its prizes, so an unknown prize comes first.
# Both have tests of their own: tests/api/webhooks/test_accounts.py, tests/prizes/claims/test_form.py.
ELSEWHERE = {"/v1/hooks/accounts", "/v1/me/prizes/{prize_id}/claim"}


@pytest.fixture
async def chief(join: Join) -> Person:
    return join("主编", roles=("reviewer", "editor", "admin"))


async def paths(chief: Person) -> dict[str, str]:
    """Values of the parameters of paths: the chief's own post and draft, which can be changed. Other ids are unknown."""
    post_id = (await chief("POST", "/posts", {"text": "#读书# 好"})).json()["id"]
    campaign_id = (await chief("POST", "/admin/campaigns", {"title": "读书月"})).json()["id"]
    others = dict.fromkeys(IDS, "1")
    return {**others, "post_id": post_id, "campaign_id": campaign_id, "name": "读书", "rank": "1", "number": "1"}


async def test_every_text_field_rejects_what_is_no_text(chief: Person, app_state: AppState) -> None:
    values = await paths(chief)
    # Only a published campaign has a proposal.
    published = str(await make.campaign(app_state.pool, topic_name="秋天", starts_at=make.now() + make.DAY))
    # The rule of a reviewer's text depends on what the case is about.
    case_id = await app_state.pool.fetchval(
        "INSERT INTO cases (kind, author_id, post_id, revision, due_at) SELECT 'post', author_id, id, 1, now() FROM posts WHERE id = $1 RETURNING id",
        await make.post(app_state.pool),
    )
    own = int((await chief("GET", "/me")).json()["id"])
    values |= {"case_id": str(case_id), "media_id": str(await make_media.medium(app_state.pool, own))}
    accepted, tried = [], 0
    for body in body_types():
        if body.path in ELSEWHERE:
            continue
        running = values | {"campaign_id": published} if body.path.endswith("/proposal") else values
        for field in string_fields(inspect.type_info(body.kind)):
            if field.rule is None:
                continue
            for name, text in bad_texts(field.rule).items():
                answer = await ask(chief, body, running, field.path, text)
                tried += 1
                if not names_field(answer, field.path, text):
                    accepted.append(
                        f"{body.method} {body.path} {field.path} {name}: {answer.status_code} {answer.text[:150]}"
                    )
    assert tried > 500
    assert accepted == []


async def ask(person: Person, body: BodyType, values: dict[str, str], path: str, text: str) -> httpx.Response:
    return await send(person, body, values, json.dumps(with_text(body.kind, path, text)).encode())


async def send(person: Person, body: BodyType, values: dict[str, str], content: bytes) -> httpx.Response:
    url = "http://feed.test" + body.path
    for name, value in values.items():
        url = url.replace("{" + name + "}", value)
    return await person(body.method, url, content=content, headers={"content-type": "application/json"})


def names_field(answer: httpx.Response, path: str, text: str) -> bool:
    """Whether the response is a 422 that names the field."""
    if answer.status_code != 422 or answer.json()["code"] != "invalid":
        return False
    named = path.replace("[]", "[0]").split("{}")[0]
    return any(error["field"] == named or error["field"].startswith(named) for error in answer.json()["errors"])


MARKS = "\u0301\u0316"


@pytest.fixture
def normalised_lengths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of all texts that are normalised, by any module."""
    lengths: list[int] = []
    normalize = unicodedata2.normalize

    def recording(form: Literal["NFC", "NFD", "NFKC", "NFKD"], value: str) -> str:
        lengths.append(len(value))
        return normalize(form, value)

    monkeypatch.setattr(unicodedata2, "normalize", recording)
    return lengths


async def test_a_long_text_is_rejected_before_it_is_normalised(chief: Person, normalised_lengths: list[int]) -> None:
    values = await paths(chief)
    attack = "a" + MARKS * 60_000
    for body in body_types():
        if body.path.startswith("/v1/hooks/"):  # They read no body without a signature or a secret in the path.
            continue
        for field in string_fields(inspect.type_info(body.kind)):
            normalised_lengths.clear()
            content = json.dumps(with_text(body.kind, field.path, attack), ensure_ascii=False).encode()
            answer = await send(chief, body, values, content)
            assert answer.status_code == 422, f"{body.method} {body.path} {field.path}: {answer.status_code}"
            # Other fields of the body are normalised, but not this one.
            assert max(normalised_lengths, default=0) < 100, f"{body.method} {body.path} {field.path}"


@pytest.mark.parametrize(
    "path",
    [
        "/topics/{}",
        "/topics/{}/posts",
        "/topics?q={}",
        "/moderation/cases?topic={}",
        "/feeds/latest?cursor={}",
        "/posts?ids={}",
        "/campaigns/{}",
        "/users/{}/posts",
        "/admin/campaigns?state={}",
    ],
)
async def test_a_long_path_or_query_is_hardly_normalised(
    chief: Person, normalised_lengths: list[int], path: str
) -> None:
    for text in ("a" + MARKS * 600, "\ufdfa" * 800, "%23a" + MARKS * 600 + "%23", "a" + MARKS * 5_000):
        normalised_lengths.clear()
        answer = await chief("GET", path.format(text))
        assert 400 <= answer.status_code < 500 or answer.json() == {"items": [], "next_cursor": None}
        assert max(normalised_lengths, default=0) <= 200
