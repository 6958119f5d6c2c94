"""The matrix of roles and fields: who gets what is private, in the response of every GET of the document, and in the logs."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import httpx
import msgspec
import pytest

from feed.api.state import AppState
from feed.auth.tokens import issue_token
from feed.geoip.files import open_regions
from feed.keys.store import Keys
from tests.support.api import Join, Person
from tests.support.app import app_over

ADDRESS, PHONE, REPORTER_PHONE = "198.51.100.77", "13977135791", "13866246802"
ALL = {"anonymous", "stranger", "owner", "reporter", "reviewer", "editor", "admin"}
STAFF = {"reviewer", "editor", "admin"}
# Each private value with those who get it. The rest do not, on no endpoint.
MATRIX: dict[str, tuple[str, set[str]]] = {
    "source address": (ADDRESS, set()),
    "phone": (PHONE, set()),
    "phone of a reporter": (REPORTER_PHONE, set()),
    "masked phone": ("139****5791", {"owner"}),
    "region": ("广东省区", ALL),
    "time of a sanction": ("2031-02-03T04:05:06Z", {"owner", *STAFF}),
    "former text": ("旧版的一句话", {"owner", *STAFF}),
    "name that waits": ("鹏友圈的小明", {"owner", *STAFF}),
    "note of a report": ("举报人的说明", {"reporter", *STAFF}),
}


def caller(app_state: AppState, keys: Keys, name: str, phone: str | None, roles: tuple[str, ...] = ()) -> Person:
    transport = httpx.ASGITransport(app=app_over(app_state), client=(ADDRESS, 1))  # type: ignore[arg-type]
    client = httpx.AsyncClient(transport=transport, base_url="http://feed.test/v1")
    number = None if phone is None else f"+86{phone}"
    return Person(client, issue_token(keys.token_key, sub=f"test:{name}", name=name, phone=number, roles=roles))


@pytest.fixture
def app_state(app_state: AppState, tmp_path: Path) -> AppState:
    (tmp_path / "regions.csv").write_text("198.51.100.0/24,广东省区\n", "utf-8")
    return msgspec.structs.replace(app_state, regions=open_regions(str(tmp_path / "regions.csv")))


async def scene(people: Mapping[str, Person]) -> dict[str, str]:
    """What happens to the owner, and the ids for paths."""
    owner, reviewer, reporter = people["owner"], people["reviewer"], people["reporter"]
    me = (await owner("GET", "/me")).json()
    assert [each["value"] for each in me["pending"]] == ["鹏友圈的小明"]
    post = (await owner("POST", "/posts", {"text": "旧版的一句话"})).json()["id"]
    assert (await owner("PATCH", f"/posts/{post}", {"text": "新版的一句话"})).status_code == 200
    comment = (await owner("POST", f"/posts/{post}/comments", {"text": "好"})).json()["id"]
    report = {"target": {"kind": "post", "id": post}, "reason_code": "spam", "note": "举报人的说明"}
    assert (await reporter("POST", "/reports", report)).status_code == 201
    sanction = {"kind": "mute", "reason_code": "spam", "until": "2031-02-03T04:05:06Z"}
    assert (await reviewer("PUT", f"/moderation/users/{me['id']}/sanction", sanction)).status_code == 200
    cases = (await reviewer("GET", f"/moderation/cases?author_id={me['id']}&limit=50")).json()["items"]
    case = next(each["id"] for each in cases if each["kind"] == "report")
    return defaultdict(
        lambda: "1", post_id=post, comment_id=comment, user_id=me["id"], case_id=case, name="读书", kind="post"
    )


async def test_each_private_value_is_shown_to_those_of_the_matrix_only(
    client: httpx.AsyncClient, app_state: AppState, keys: Keys, join: Join, capfd: pytest.CaptureFixture[str]
) -> None:
    people = {
        "owner": caller(app_state, keys, "鹏友圈的小明", PHONE),
        "stranger": caller(app_state, keys, "路人", "13711112222"),
        "reporter": caller(app_state, keys, "举报人", REPORTER_PHONE),
        "reviewer": caller(app_state, keys, "审核", "13711113333", ("reviewer",)),
        "editor": caller(app_state, keys, "编者", "13711114444", ("editor",)),
        "admin": caller(app_state, keys, "主管", "13711115555", ("admin",)),
    }
    ids = await scene(people)
    paths = (await client.get("http://feed.test/openapi.json")).json()["paths"]
    urls = [re.sub(r"\{([^}]*)\}", lambda found: ids[found[1]], path) for path, item in paths.items() if "get" in item]
    # With the queries that lead to the owner.
    urls += [
        f"/v1/moderation/cases?author_id={ids['user_id']}&limit=50",
        f"/v1/moderation/users?q={ids['user_id']}",
        f"/v1/moderation/users?q={PHONE}",
        f"/v1/audit?subject=account:{ids['user_id']}",
        "/v1/moderation/sanctions?state=active",
        f"/v1/posts?ids={ids['post_id']}",
    ]
    assert len(urls) > 60
    seen: dict[str, dict[str, list[str]]] = {name: defaultdict(list) for name in MATRIX}
    for url in urls:
        for who in sorted(ALL):
            path = f"http://feed.test{url}"
            answer = await (client.get(path) if who == "anonymous" else people[who]("GET", path))
            # A problem document may repeat the address that was asked for, and no more.
            text = answer.text + str(dict(answer.headers))
            for name, (value, _) in MATRIX.items():
                if value in text:
                    seen[name][who].append(url)
    assert {name: set(found) for name, found in seen.items()} == {
        name: allowed for name, (_, allowed) in MATRIX.items()
    }
    printed = "".join(capfd.readouterr())
    logged = [name for name, (value, allowed) in MATRIX.items() if value in printed and allowed != ALL]
    assert logged == []
