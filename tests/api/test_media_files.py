"""The files of photos and videos: who gets them, and with which bytes and headers."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from feed.api.state import AppState
from feed.media.processing import name_of
from feed.storage.local import LocalStorage
from tests.support import make
from tests.support.served_media import Stored, store_medium

CONTENT = bytes(range(256)) * 8


@pytest.fixture
async def author(app_state: AppState) -> int:
    return await make.account(app_state.pool)


@pytest.fixture
async def shown(app_state: AppState, storage: LocalStorage, author: int) -> Stored:
    """A picture in a visible post."""
    post_id = await make.post(app_state.pool, author)
    return await store_medium(app_state.pool, storage, author, CONTENT, post_id=post_id)


def granted(app_state: AppState, medium: Stored, file: str = "full.webp") -> str:
    """The path of an address that works for ten minutes."""
    url = app_state.media.granted(medium.key, file, now=datetime.now(UTC))
    assert url.startswith("http://127.0.0.1:8080/media/")
    return url.removeprefix("http://127.0.0.1:8080")


async def fetch(client: httpx.AsyncClient, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    return await client.request(
        method,
        f"http://feed.test{path}",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


async def statuses(client: httpx.AsyncClient, app_state: AppState, medium: Stored) -> tuple[int, int]:
    """By the public address, and by a granted one."""
    return (
        (await fetch(client, medium.path)).status_code,
        (await fetch(client, granted(app_state, medium))).status_code,
    )


async def test_the_picture_of_a_visible_post_is_everybody_s(client: httpx.AsyncClient, shown: Stored) -> None:
    answer = await fetch(client, shown.path, accept="image/avif,image/webp,*/*;q=0.5")
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "public, max-age=3600"


async def test_a_browser_runs_nothing_of_a_file_and_guesses_no_type(client: httpx.AsyncClient, shown: Stored) -> None:
    for answer in (
        await fetch(client, shown.path),
        await fetch(client, shown.path, range="bytes=0-1"),
        await fetch(client, shown.path, method="HEAD"),
        await fetch(client, "/media/none/full.webp"),
    ):
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
        assert answer.headers.get_list("content-security-policy") == ["default-src 'none'; sandbox"]
        assert answer.headers.get_list("cross-origin-resource-policy") == ["cross-origin"]


async def test_pages_keep_their_own_headers(client: httpx.AsyncClient) -> None:
    answer = await fetch(client, "/v1/feeds/latest")
    assert answer.headers.get_list("cross-origin-resource-policy") == ["same-origin"]


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-1", slice(0, 2)),
        ("bytes=0-", slice(0, None)),
        ("bytes=100-199", slice(100, 200)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=2000-999999", slice(2000, None)),
    ],
)
async def test_players_get_exactly_the_bytes_that_they_ask_for(
    client: httpx.AsyncClient, shown: Stored, header: str, part: slice
) -> None:
    answer = await fetch(client, shown.path, range=header)
    start, end, _ = part.indices(len(CONTENT))
    assert answer.status_code == 206
    assert answer.content == CONTENT[part]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"
    assert answer.headers["content-length"] == str(end - start)
    assert answer.headers["content-type"] == "image/webp"


async def test_a_range_behind_the_end_is_416_and_several_ranges_are_the_whole_file(
    client: httpx.AsyncClient, shown: Stored
) -> None:
    answer = await fetch(client, shown.path, range="bytes=2048-")
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == "bytes */2048"
    for header in ("bytes=0-1,4-5", "bytes=5-2", "lines=0-1", "bytes=0-1-2"):
        answer = await fetch(client, shown.path, range=header)
        assert (answer.status_code, answer.content) == (200, CONTENT)
        assert "content-range" not in answer.headers


async def test_a_part_of_another_version_is_not_added_to_this_one(client: httpx.AsyncClient, shown: Stored) -> None:
    tag = (await fetch(client, shown.path)).headers["etag"]
    assert (await fetch(client, shown.path, range="bytes=0-1", if_range=tag)).status_code == 206
    for other in ('"other"', f"W/{tag}", "Sun, 29 Nov 2026 07:00:00 GMT"):
        answer = await fetch(client, shown.path, range="bytes=0-1", if_range=other)
        assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_a_client_that_has_the_file_is_told_so(client: httpx.AsyncClient, shown: Stored) -> None:
    tag = (await fetch(client, shown.path)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = await fetch(client, shown.path, if_none_match=known)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    assert (await fetch(client, shown.path, if_none_match='"x"')).status_code == 200


async def test_head_is_the_answer_without_the_file(
    client: httpx.AsyncClient, shown: Stored, storage: LocalStorage
) -> None:
    whole = await fetch(client, shown.path)
    # Nothing is read for it.
    await storage.remove([f"media/{shown.key}/full.webp"])
    head = await fetch(client, shown.path, method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    different = {"date", "content-length"}
    assert {k: v for k, v in head.headers.items() if k not in different} == {
        k: v for k, v in whole.headers.items() if k not in different
    }
    assert head.headers["content-length"] == str(len(CONTENT))


@pytest.mark.parametrize("wanted", ["bytes=0-1", "bytes=-1", "bytes=9999-", "bytes=0-1,5-6"])
async def test_only_a_get_has_ranges(client: httpx.AsyncClient, shown: Stored, wanted: str) -> None:
    """RFC 9110, 14.2: of any other method the range is ignored."""
    whole, part = (
        await fetch(client, shown.path, method="HEAD"),
        await fetch(client, shown.path, method="HEAD", range=wanted),
    )
    assert (part.status_code, part.headers["content-length"]) == (200, whole.headers["content-length"])
    assert "content-range" not in part.headers


async def test_the_name_of_a_saved_file_is_ours(client: httpx.AsyncClient, shown: Stored) -> None:
    answer = await fetch(client, shown.path)
    assert answer.headers["content-disposition"] == f'inline; filename="{shown.key[:8]}-full.webp"'


@pytest.mark.parametrize(
    "path",
    [
        "/media/{key}/../full.webp",
        "/media/{key}/%2e%2e/full.webp",
        "/media/{key}%2ffull.webp",
        "/media/../../etc/passwd",
        "/media/{key}/..%2f..%2fetc%2fpasswd",
        "/media/{key}/full.webp%00",
        "/media/{key}/full.webp%0d%0aset-cookie:x",
        "/media/{key}/.temporary",
        "/media/{key}/照片.webp",
        "/media/{key}/full.webp/",
        "/media/{key}/full.web",
        "/media/{key}/list.webp",
        "/media/{key}/FULL.WEBP",
        "/media/{key}/",
        "/media/{key}",
        "/media/incoming/{key}",
        "/media/*/full.webp",
        "/media/%/full.webp",
        "/media/{key}'--/full.webp",
    ],
)
async def test_no_other_path_leads_to_a_file(client: httpx.AsyncClient, shown: Stored, path: str) -> None:
    answer = await fetch(client, path.format(key=shown.key))
    assert answer.status_code in (200, 404)
    # A slash at the end is not looked at, as everywhere; `..` is resolved by clients.
    assert answer.status_code == 404 or path.endswith("full.webp/")


CASES: dict[str, str] = {
    "pending": "UPDATE posts SET state = 'pending', published_at = NULL",
    "rejected": "UPDATE posts SET state = 'rejected'",
    "removed": "UPDATE posts SET state = 'removed'",
    "held by reports": "UPDATE posts SET holds = 1",
    "taken down": "UPDATE posts SET holds = 2",
    "its author taken down": "UPDATE posts SET holds = 4",
    "an image taken down": "UPDATE posts SET holds = 16",
    "waiting for media": "UPDATE posts SET holds = 32",
    "its author leaving": "UPDATE posts SET holds = 256",
    "edited out": "UPDATE post_revisions SET media_ids = '{}'",
    "attached to nothing": "UPDATE media SET used_as = NULL, post_id = NULL",
    "a former avatar": "UPDATE media SET used_as = 'avatar', post_id = NULL",
}


@pytest.mark.parametrize("case", CASES)
async def test_what_others_may_not_see_needs_a_grant(
    client: httpx.AsyncClient, app_state: AppState, shown: Stored, case: str
) -> None:
    assert await statuses(client, app_state, shown) == (200, 200)
    known = (await fetch(client, shown.path)).headers["etag"]
    await app_state.pool.execute(CASES[case])
    assert await statuses(client, app_state, shown) == (404, 200)
    # Not even that it is still the same.
    assert (await fetch(client, shown.path, if_none_match=known)).status_code == 404
    assert (await fetch(client, shown.path, method="HEAD")).status_code == 404
    answer = await fetch(client, shown.path, range="bytes=0-1")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE media SET removed_at = now(), removed_for = 'deleted'",
        "UPDATE media SET removed_at = now(), removed_for = 'erased'",
        "UPDATE media SET state = 'processing', ready_at = NULL",
        "UPDATE media SET state = 'failed', error_code = 'corrupt'",
    ],
)
async def test_what_is_removed_or_not_ready_is_refused_with_a_grant_too(
    client: httpx.AsyncClient, app_state: AppState, shown: Stored, change: str
) -> None:
    await app_state.pool.execute(change)
    assert await statuses(client, app_state, shown) == (404, 404)


async def test_a_takedown_that_is_not_written_to_each_post_yet_counts_at_once(
    client: httpx.AsyncClient, app_state: AppState, shown: Stored, author: int
) -> None:
    takedown = await app_state.pool.fetchval(
        "INSERT INTO takedowns (kind, target, reason_code, actor_id) VALUES ('user', '{}', 'other', $1) RETURNING id",
        author,
    )
    await app_state.pool.execute(
        "INSERT INTO takedown_scopes (takedown_id, account_id) VALUES ($1, $2)", takedown, author
    )
    assert await statuses(client, app_state, shown) == (404, 200)


async def test_an_image_that_is_taken_down_by_its_hash_is_refused_at_once(
    client: httpx.AsyncClient, app_state: AppState, shown: Stored, author: int
) -> None:
    takedown = await app_state.pool.fetchval(
        "INSERT INTO takedowns (kind, target, reason_code, actor_id) VALUES ('image_hash', '{}', 'other', $1) RETURNING id",
        author,
    )
    await app_state.pool.execute(
        "INSERT INTO blocked_media (media_id, takedown_id) VALUES ($1, $2)", shown.id, takedown
    )
    assert await statuses(client, app_state, shown) == (404, 200)


async def test_an_avatar_is_public_while_it_is_the_account_s(
    client: httpx.AsyncClient, app_state: AppState, storage: LocalStorage, author: int
) -> None:
    avatar = await store_medium(app_state.pool, storage, author, used_as="avatar")
    assert await statuses(client, app_state, avatar) == (404, 200)
    await app_state.pool.execute("UPDATE accounts SET avatar_url = $2 WHERE id = $1", author, f"{avatar.key}/list.webp")
    assert await statuses(client, app_state, avatar) == (200, 200)
    await app_state.pool.execute("UPDATE accounts SET erased_at = now() WHERE id = $1", author)
    assert await statuses(client, app_state, avatar) == (404, 200)


@pytest.mark.parametrize("used_as", ["cover", "prize"])
async def test_pictures_of_a_campaign_are_public_when_it_is(
    client: httpx.AsyncClient, app_state: AppState, storage: LocalStorage, author: int, used_as: str
) -> None:
    campaign = await app_state.pool.fetchval(
        "INSERT INTO campaigns (draft, created_by) VALUES ('{}', $1) RETURNING id", author
    )
    picture = await store_medium(app_state.pool, storage, author, used_as=used_as, campaign_id=campaign)
    assert await statuses(client, app_state, picture) == (404, 200)
    await app_state.pool.execute("UPDATE campaigns SET published_at = now() WHERE id = $1", campaign)
    assert await statuses(client, app_state, picture) == (200, 200)


async def test_a_grant_is_for_one_file_for_ten_minutes(
    client: httpx.AsyncClient, app_state: AppState, storage: LocalStorage, author: int
) -> None:
    hidden = await store_medium(app_state.pool, storage, author)
    other = await store_medium(app_state.pool, storage, author)
    address = granted(app_state, hidden)
    answer = await fetch(client, address)
    assert (answer.status_code, answer.content) == (200, hidden.content)
    # Nothing keeps what a grant has returned: it would outlive the grant.
    assert answer.headers["cache-control"] == "private, no-store"
    query = address.partition("?")[2]
    until, grant = (part.partition("=")[2] for part in query.split("&"))
    wrong = [
        f"{other.path}?{query}",
        granted(app_state, hidden, "list.webp").replace("list.webp", "full.webp"),
        f"{hidden.path}?until={int(until) + 1}&grant={grant}",
        f"{hidden.path}?until={until}&grant={grant[:-1]}",
        f"{hidden.path}?until={until}&grant=",
        f"{hidden.path}?until={until}",
        f"{hidden.path}?grant={grant}",
        f"{hidden.path}?until=&grant={grant}",
        f"{hidden.path}?until=٣&grant={grant}",
        f"{hidden.path}?until={until}&grant=%E4%BD%A0",
        f"{hidden.path}?until={'9' * 5000}&grant={grant}",
    ]
    for path in wrong:
        assert (await fetch(client, path)).status_code == 404, path
    early = app_state.media.granted(hidden.key, "full.webp", now=datetime.now(UTC) - timedelta(minutes=11))
    late = app_state.media.granted(hidden.key, "full.webp", now=datetime.now(UTC) + timedelta(minutes=11))
    for url in (early, late):
        assert (await fetch(client, url.removeprefix("http://127.0.0.1:8080"))).status_code == 404


async def test_a_public_address_stays_the_same_and_redirects_to_nothing(
    client: httpx.AsyncClient, app_state: AppState, shown: Stored
) -> None:
    addresses = {app_state.media.public(shown.key, "full.webp") for _ in range(3)}
    assert addresses == {f"http://127.0.0.1:8080{shown.path}"}
    assert (await fetch(client, shown.path)).status_code == 200
    # One format for everybody: it is part of the address.
    answers = [await fetch(client, shown.path, accept=accept) for accept in ("image/jpeg", "image/avif", "text/html")]
    assert {(each.status_code, each.headers["content-type"], each.content) for each in answers} == {
        (200, "image/webp", CONTENT)
    }


@pytest.mark.parametrize("query", ["", "?", "?x=1", "?until=&grant=", "grant"])
async def test_caches_keep_a_file_under_the_address_that_a_purge_names_alone(
    client: httpx.AsyncClient, app_state: AppState, shown: Stored, query: str
) -> None:
    path = granted(app_state, shown) if query == "grant" else shown.path + query
    answer = await fetch(client, path)
    published = query in ("", "?")
    assert answer.headers["cache-control"] == ("public, max-age=3600" if published else "private, no-store")
    again = await fetch(client, path, if_none_match=answer.headers["etag"])
    assert (again.status_code, again.headers["cache-control"]) == (304, answer.headers["cache-control"])


async def test_a_grant_in_a_cached_answer_outlives_its_use(app_state: AppState, shown: Stored) -> None:
    """An address that is handed out works for five minutes at least."""
    now = datetime.now(UTC)
    url = httpx.URL(app_state.media.granted(shown.key, "full.webp", now=now))
    for seconds, valid in ((0, True), (299, True), (601, False)):
        later = now + timedelta(seconds=seconds)
        found = app_state.media.is_granted(
            shown.key, "full.webp", until=url.params["until"], grant=url.params["grant"], now=later
        )
        assert found is valid


async def test_a_large_file_arrives_whole(
    client: httpx.AsyncClient, app_state: AppState, storage: LocalStorage
) -> None:
    author = await make.account(app_state.pool)
    content = os.urandom(3_000_017)
    post_id = await make.post(app_state.pool, author)
    large = await store_medium(app_state.pool, storage, author, content, post_id=post_id)
    assert (await fetch(client, large.path)).content == content
    assert (await fetch(client, large.path, range="bytes=1000000-2500000")).content == content[1_000_000:2_500_001]


@pytest.mark.parametrize("attempt", [1, 2, 3])
async def test_the_files_of_every_attempt_are_served(
    client: httpx.AsyncClient, app_state: AppState, storage: LocalStorage, shown: Stored, attempt: int
) -> None:
    """A worker that takes over from another one gives its files names of their own."""
    for made in ("full.webp", "list_jpeg.jpg", "video.mp4"):
        file = name_of(made, attempt)
        await storage.put(f"media/{shown.key}/{file}", CONTENT, content_type="image/webp")
        await app_state.pool.execute(
            "UPDATE media SET renditions = jsonb_set(renditions, '{0,file}', to_jsonb($2::text)) WHERE id = $1",
            shown.id,
            file,
        )
        assert (await fetch(client, f"/media/{shown.key}/{file}")).content == CONTENT


async def test_a_file_that_is_lost_is_not_found(
    client: httpx.AsyncClient, shown: Stored, storage: LocalStorage
) -> None:
    await storage.remove([f"media/{shown.key}/full.webp"])
    assert (await fetch(client, shown.path)).status_code == 404


async def test_a_storage_that_is_away_is_503_and_posts_go_on(
    client: httpx.AsyncClient, join: Any, shown: Stored, storage: LocalStorage
) -> None:
    folder = storage._root
    folder.rename(folder.with_name("away"))
    folder.write_bytes(b"no folder")
    answer = await fetch(client, shown.path)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert (await join("小明")("POST", "/posts", {"text": "照样发帖"})).status_code == 201
    assert (await client.get("/feeds/latest")).status_code == 200
    folder.unlink()
    folder.with_name("away").rename(folder)
    assert (await fetch(client, shown.path)).content == CONTENT


async def test_other_methods_are_not_allowed(client: httpx.AsyncClient, shown: Stored) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await fetch(client, shown.path, method=method)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
