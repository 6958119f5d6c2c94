"""Errors that no other test covers, by their codes."""

from collections.abc import Sequence

import httpx
import pytest
from litestar import Litestar, get
from litestar.exceptions import HTTPException

from feed.api.errors import EXCEPTION_HANDLERS
from feed.api.state import AppState
from feed.batching import Batcher, DatabaseAway, Overloaded
from feed.comments.hide_show import show_comment
from feed.comments.model import CommentIsDeleted
from feed.errors import FeedError
from feed.postgres import Connection
from feed.posts.hide_show import PostIsDeleted, show_post
from tests.support import make
from tests.support.api import Join
from tests.support.campaigns_api import publish


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_only_its_author_deletes_a_comment(join: Join) -> None:
    ming, hong = join("小明"), join("小红")
    post = (await ming("POST", "/posts", {"text": "你好"})).json()["id"]
    comment = (await ming("POST", f"/posts/{post}/comments", {"text": "沙发"})).json()["id"]
    assert problem(await hong("DELETE", f"/comments/{comment}")) == (403, "not_your_comment")
    assert problem(await hong("DELETE", "/comments/1")) == (404, "comment_not_found")


async def test_a_closed_post_accepts_comments_of_its_author_only(join: Join) -> None:
    ming, hong = join("小明"), join("小红")
    post = (await ming("POST", "/posts", {"text": "你好", "comment_policy": "nobody"})).json()["id"]
    assert problem(await hong("POST", f"/posts/{post}/comments", {"text": "好"})) == (409, "comments_closed")
    assert (await ming("POST", f"/posts/{post}/comments", {"text": "好"})).status_code == 201


@pytest.mark.parametrize("state", ["removed", "rejected"])
async def test_a_removed_or_rejected_post_accepts_neither_edits_nor_comments(
    app_state: AppState, join: Join, state: str
) -> None:
    ming = join("小明")
    post = (await ming("POST", "/posts", {"text": "你好"})).json()["id"]
    await app_state.pool.execute("UPDATE posts SET state = $2 WHERE id = $1", int(post), state)
    assert problem(await ming("PATCH", f"/posts/{post}", {"text": "再见"})) == (409, "post_not_editable")
    assert problem(await ming("POST", f"/posts/{post}/comments", {"text": "好"})) == (409, "post_not_published")


async def test_missing_topics_rules_and_boards_have_their_own_errors(client: httpx.AsyncClient, join: Join) -> None:
    assert problem(await client.get("/topics/没有这个话题")) == (404, "topic_not_found")
    editor = join("编辑", roles=("editor",))
    campaign = await publish(editor, board="hidden")
    assert problem(await client.get(f"/campaigns/{campaign}/rules?version=99")) == (404, "rules_not_found")
    assert problem(await client.get(f"/campaigns/{campaign}/leaderboard")) == (404, "board_hidden")


async def test_a_deletion_by_the_author_cannot_be_reversed(conn: Connection) -> None:
    with pytest.raises(PostIsDeleted):
        await show_post(conn, await make.post(conn, state="deleted"))
    post_id = await make.post(conn)
    comment_id = await make.comment(conn, post_id, state="deleted", deleted_at=make.now())
    with pytest.raises(CommentIsDeleted):
        await show_comment(conn, comment_id)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
async def test_a_body_of_another_media_type_is_415(join: Join, kind: str) -> None:
    answer = await join("小明")("POST", "/posts", content=b'{"text": "x"}', headers={"content-type": kind})
    assert problem(answer) == (415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
async def test_json_media_types_are_accepted_with_parameters_and_in_any_case(join: Join, kind: str) -> None:
    answer = await join("小明")("POST", "/posts", content='{"text": "你好"}'.encode(), headers={"content-type": kind})
    assert answer.status_code == 201


async def test_an_unexpected_error_reveals_no_details() -> None:
    @get("/broken")
    async def broken() -> None:
        raise RuntimeError("the secret is 42")

    @get("/odd")
    async def odd() -> None:
        raise HTTPException(status_code=418)

    app = Litestar([broken, odd], exception_handlers=EXCEPTION_HANDLERS, openapi_config=None)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test") as client:
        answer = await client.get("/broken")
        assert problem(answer) == (500, "internal_error")
        assert "42" not in answer.text
        assert problem(await client.get("/odd")) == (418, "bad_request")


async def test_a_full_queue_and_an_unreachable_database_are_retryable() -> None:
    async def away(items: Sequence[int]) -> list[int | FeedError]:
        raise ConnectionRefusedError

    with pytest.raises(DatabaseAway) as error:
        await Batcher(away).submit(1)
    assert error.value.params["retry_after"] > 0
    with pytest.raises(Overloaded):
        await Batcher(away, max_pending=0).submit(1)


async def test_a_long_uri_is_414(client: httpx.AsyncClient) -> None:
    answer = await client.get("/feeds/latest", params={"cursor": "a" * 9000})
    assert problem(answer) == (414, "uri_too_long")
