"""Every door of the staff is closed to everybody else: walked, not remembered."""

import re

import httpx
import pytest
from litestar import Litestar, Router, get
from litestar.datastructures import State
from litestar.routes import HTTPRoute

from feed.api.errors import HANDLERS
from feed.api.inputs import staff
from feed.api.world import World
from feed.app import build
from tests.api.conftest import Join

# Who is named a juror marks without a role; the action says who may.
_WITHOUT_A_ROLE = {"/v1/admin/campaigns/{campaign_id}/entries/{post_id}/mark"}
_STAFF = ("/v1/admin/", "/v1/moderation/")


def doors(world: World) -> list[tuple[str, str]]:
    """Method and path of every door below the staff's prefixes."""
    return sorted(
        (str(method), str(route.path_format))
        for route in build(world).routes
        if isinstance(route, HTTPRoute) and route.path_format.startswith(_STAFF)
        for method in route.methods
        if method not in ("OPTIONS", "HEAD")
    )


@pytest.mark.parametrize(("roles", "prefixes"), [((), _STAFF), (("reviewer",), ("/v1/admin/",))])
async def test_the_doors_of_the_staff_are_closed_to_others(
    client: httpx.AsyncClient, world: World, join: Join, roles: tuple[str, ...], prefixes: tuple[str, ...]
) -> None:
    walked = [(method, path) for method, path in doors(world) if path.startswith(prefixes)]
    assert len(walked) >= 17
    other = join("别人", roles=roles)
    opened = []
    for method, path in walked:
        url = re.sub(r"\{[^}]*\}", "1", path).removeprefix("/v1")
        body: dict[str, str] | None = None if method in ("GET", "DELETE") else {}
        anonymous = await client.request(method, url, json=body)
        refused = await other(method, url, body)
        if anonymous.status_code != 401 or (refused.status_code != 403 and path not in _WITHOUT_A_ROLE):
            opened.append((method, path, anonymous.status_code, refused.status_code))
    assert opened == []


async def test_a_door_that_asks_for_nobody_is_closed_all_the_same(world: World, join: Join) -> None:
    @get("/secret")
    async def tell() -> str:
        return "secret"

    app = Litestar(
        [Router("/", route_handlers=[tell], guards=[staff("editor")])],
        state=State({"world": world}),
        exception_handlers=HANDLERS,
        openapi_config=None,
    )
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://feed.test") as client:
        assert (await client.get("/secret")).status_code == 401
        assert (await client.get("/secret", headers=join("小明").headers)).status_code == 403
        assert (await client.get("/secret", headers=join("编辑", roles=("editor",)).headers)).text == "secret"
