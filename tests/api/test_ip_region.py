"""The region that posts and comments show."""

from pathlib import Path

import httpx
import msgspec

from feed.api.state import AppState
from feed.geoip.files import open_regions
from tests.support.api import Join
from tests.support.app import app_over


async def test_a_post_and_a_comment_show_the_region_of_the_address_they_came_from(
    app_state: AppState, join: Join, tmp_path: Path
) -> None:
    (tmp_path / "regions.csv").write_text("203.0.113.0/24,广东\n2001:db8::/32,北京\n", "utf-8")
    there = msgspec.structs.replace(app_state, regions=open_regions(str(tmp_path / "regions.csv")))

    async def published(address: str) -> tuple[str | None, str | None]:
        app = app_over(there)
        transport = httpx.ASGITransport(app=app, client=(address, 1))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1") as client:
            headers = join("小明").headers
            post = (await client.post("/posts", json={"text": "读书"}, headers=headers)).json()
            path = f"/posts/{post['id']}/comments"
            comment = (await client.post(path, json={"text": "好"}, headers=headers)).json()
            read = (await client.get(f"/posts/{post['id']}")).json()
            (listed,) = (await client.get(path)).json()["items"]
            assert (read["ip_region"], listed["ip_region"]) == (post["ip_region"], comment["ip_region"])
            return read["ip_region"], listed["ip_region"]

    assert await published("203.0.113.9") == ("广东", "广东")
    assert await published("2001:db8::9") == ("北京", "北京")
    assert await published("198.51.100.9") == (None, None)
