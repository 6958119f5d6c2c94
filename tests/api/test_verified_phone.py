"""What is published needs a verified phone; what is read or liked does not."""

import msgspec
import pytest

from feed.settings import Settings
from tests.support.api import Join, Person

# The operations that publish or accuse, and others that an account without a phone may do.
GATED = ["post", "edit", "comment", "report"]
OPEN = ["read", "like", "like a comment", "delete a comment", "block", "settings", "bio"]


async def codes_of(person: Person, post: str, comment: str, own: str, author: str) -> dict[str, str | None]:
    """The error code of each act."""
    acts = {
        "post": ("POST", "/posts", {"text": "读书"}),
        "edit": ("PATCH", f"/posts/{own}", {"text": "再读"}),
        "comment": ("POST", f"/posts/{post}/comments", {"text": "好"}),
        "report": ("POST", "/reports", {"target": {"kind": "post", "id": post}, "reason_code": "spam"}),
        "read": ("GET", f"/posts/{post}", None),
        "like": ("PUT", f"/posts/{post}/like", None),
        "like a comment": ("PUT", f"/comments/{comment}/like", None),
        "delete a comment": ("DELETE", "/comments/1", None),
        "block": ("PUT", f"/users/{author}/mute", None),
        "settings": ("PATCH", "/me/settings", {"notify": {"likes": False}}),
        "bio": ("PATCH", "/me", {"bio": "爱读书"}),
    }
    answers = {name: await person(method, path, body) for name, (method, path, body) in acts.items()}
    return {name: None if each.status_code < 300 else each.json()["code"] for name, each in answers.items()}


async def scene(join: Join) -> tuple[str, str, str]:
    author = join("小明")
    post = (await author("POST", "/posts", {"text": "读书"})).json()
    comment = (await author("POST", f"/posts/{post['id']}/comments", {"text": "好"})).json()
    return post["id"], comment["id"], post["author"]["id"]


async def test_an_account_without_a_phone_reads_and_likes_and_publishes_nothing(join: Join) -> None:
    post, comment, author = await scene(join)
    codes = await codes_of(join("路人", phone=None), post, comment, post, author)
    assert {name: codes[name] for name in GATED} == dict.fromkeys(GATED, "phone_not_verified")
    assert {name: codes[name] for name in OPEN} == dict.fromkeys(OPEN) | {"delete a comment": "comment_not_found"}
    config = (await join("路人", phone=None)("GET", "/config")).json()
    assert config["phone_page"] == "/me/phone"


async def test_a_phone_that_is_verified_later_opens_the_gate_for_an_earlier_token_too(join: Join) -> None:
    early = join("路人", phone=None)
    assert (await early("POST", "/posts", {"text": "读书"})).json()["code"] == "phone_not_verified"
    assert (await join("路人")("POST", "/posts", {"text": "读书"})).status_code == 201
    assert (await early("POST", "/posts", {"text": "读书二"})).status_code == 201


class TestWithoutTheGate:
    """With FEED_REQUIRE_PHONE=false."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, require_phone=False)

    async def test_every_account_may_publish(self, join: Join) -> None:
        post, comment, author = await scene(join)
        codes = await codes_of(join("路人", phone=None), post, comment, "1", author)
        assert {name: codes[name] for name in GATED} == dict.fromkeys(GATED) | {"edit": "post_not_found"}
        assert (await join("路人", phone=None)("GET", "/config")).json()["phone_page"] is None
