"""Unknown paths and methods: a problem document for clients of the API, a page for readers with a browser, else a short text."""

import httpx
import pytest

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
UNKNOWN = (
    *("/nope", "/a/b", "/docs/nope", "/docs/files/x", "/health", "/health/nope", "/v2/feeds/latest", "/openapi.yaml"),
    *("/.well-known/nope", "/feeds/latest", "/%00", "//nope", "/v1x"),
)
KNOWN = ("/", "/docs", "/openapi.json", "/health/live", "/docs/start.js")


@pytest.mark.parametrize("path", UNKNOWN)
@pytest.mark.parametrize(
    "accept", ["application/json", "application/problem+json", "*/*", "text/html, application/json;q=0.5", None]
)
async def test_an_unknown_path_is_a_problem_document_for_clients(
    client: httpx.AsyncClient, path: str, accept: str | None
) -> None:
    headers = {"accept-language": "en"} | ({} if accept is None else {"accept": accept})
    for method in ("GET", "POST", "DELETE"):
        answer = await client.request(method, f"http://feed.test{path}", headers=headers)
        # A method that no file has is known before the file is.
        expected = {404: "not_found"} | ({405: "method_not_allowed"} if path.startswith("/docs/files") else {})
        assert answer.status_code in expected, f"{method} {path}: {answer.text}"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == expected[answer.status_code]


@pytest.mark.parametrize("path", UNKNOWN)
@pytest.mark.parametrize("accept", [BROWSER, "text/html"])
async def test_an_unknown_path_is_a_page_in_a_browser(client: httpx.AsyncClient, path: str, accept: str) -> None:
    answer = await client.get(f"http://feed.test{path}", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert 'data-code="not_found"' in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert {"accept", "accept-language"} <= {each.strip().lower() for each in answer.headers["vary"].split(",")}


@pytest.mark.parametrize("path", UNKNOWN)
@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0, */*"])
async def test_an_unknown_path_is_a_short_text_for_readers(client: httpx.AsyncClient, path: str, accept: str) -> None:
    answer = await client.get(f"http://feed.test{path}", headers={"accept": accept})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "<" not in answer.text
    assert 0 < len(answer.text) < 60
    assert {"accept", "accept-language"} <= {each.strip().lower() for each in answer.headers["vary"].split(",")}


@pytest.mark.parametrize("path", KNOWN)
async def test_a_method_that_a_page_does_not_have_is_answered_alike(client: httpx.AsyncClient, path: str) -> None:
    for_clients = await client.post(f"http://feed.test{path}", headers={"accept": "application/json"})
    assert (for_clients.status_code, for_clients.json()["code"]) == (405, "method_not_allowed")
    for_readers = await client.post(f"http://feed.test{path}", headers={"accept": BROWSER})
    assert (for_readers.status_code, for_readers.headers["content-type"]) == (405, "text/html; charset=utf-8")
    assert for_readers.headers["allow"] == for_clients.headers["allow"]


async def test_the_root_is_a_page_for_people(client: httpx.AsyncClient) -> None:
    root = await client.get("http://feed.test/")
    assert (root.status_code, root.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "鹏友圈" in root.text


async def test_paths_of_the_contract_are_problem_documents_for_all(client: httpx.AsyncClient) -> None:
    for path in ("/v1", "/v1/", "/v1/nope", "/v1/posts/0"):
        answer = await client.get(f"http://feed.test{path}", headers={"accept": BROWSER})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
