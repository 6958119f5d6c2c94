"""The files of the API's documentation: only they are served, whatever the path."""

import httpx
import pytest


@pytest.mark.parametrize(
    "name",
    [
        "%00",
        "a%00.css",
        "a" * 300,
        "a/" * 300,
        "..%2f..%2fetc%2fpasswd",
        "../../etc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "",
        ".",
        "%ff",
        "%0a",
        "swagger-ui.css%00",
        "SWAGGER-UI.CSS",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "con",
        "\\",
    ],
)
async def test_another_path_is_not_found(client: httpx.AsyncClient, name: str) -> None:
    url = httpx.URL("http://feed.test").copy_with(raw_path=b"/docs/files/" + name.encode())
    for method in ("GET", "HEAD"):
        answer = await client.request(method, url)
        assert answer.status_code == 404, answer.text


async def test_the_page_has_its_files(client: httpx.AsyncClient) -> None:
    for name, kind in (("swagger-ui.css", "text/css"), ("swagger-ui-bundle.js", "javascript")):
        answer = await client.get(f"http://feed.test/docs/files/{name}")
        assert answer.status_code == 200
        assert kind in answer.headers["content-type"]
        assert len(answer.content) == int(answer.headers["content-length"])
