"""Odd ids, queries, fields and headers for every page: an answer that says what is wrong, never a server error, and never another's right."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import feed.api.pages
from feed.accounts.model import ROLES
from feed.api.state import AppState
from tests.support import make
from tests.support.pages import BrowserClient, page_routes

_SOURCES = "\n".join(each.read_text() for each in sorted(Path(feed.api.pages.__file__).parent.rglob("*.py")))
# What pages read of a query, and of a form.
_QUERIES = sorted(
    {
        *re.findall(r"(?:given|query_params)\.get(?:all)?\(\"(\w+)\"", _SOURCES),
        *re.findall(r"(\w+): FromQuery", _SOURCES),
    }
)
_FIELDS = sorted(
    {
        *re.findall(r"form\.(?:text|optional|all|number|checked)\(\"(\w+)\"", _SOURCES),
        *re.findall(r"\(form, \"(\w+)\"", _SOURCES),
    }
    - {"form_token", "session_token"}
)
# Encoded as in an address.
_ODD_IDS = ("0", "x", "9" * 23, "%C2%B2", "1%3Fx=1", "%252F", "1%0d%0aa:b")
_ODD_TEXTS = (
    "",
    "--1",
    "²٣",
    "9" * 400,
    "1e999",
    "a\x00b",
    "😀" * 500,
    "1/../likes?x=1#y",
    '{"a": [1]}',
    "2026-02-30T25:61",
    "0001-01-01T00:00",
    "\r\nset-cookie: a=b",
    "http://[",
)
# All parameters at once: a longer address is refused as such.
_IN_A_QUERY = 24


# Ids of addresses that the town does not have.
_NOT_IN_TOWN = re.compile(r"\{(prize_id|message_id|media_id|objection_id|item_id|subject_id)")


class Town:
    """A town with a campaign: the ids that addresses need, and the browser of a person with every role."""

    def __init__(self, app_state: AppState, ids: Mapping[str, str]) -> None:
        self.app_state = app_state
        self.browser = BrowserClient(app_state)
        self._ids = ids

    def concrete(self, path: str) -> str:
        """The path with an id that exists wherever there is one."""
        return re.sub(r"\{(\w+)[^}]*\}", lambda found: self._ids.get(found[1], "1"), path)


@pytest.fixture
async def town(app_state: AppState) -> Town:
    pool = app_state.pool
    author = await make.person(pool)
    campaign = await make.campaign(pool)
    post = await make.entry(pool, campaign, author)
    comment = await make.comment(pool, post, author)
    person = await make.person(pool, role="admin")
    for role in ROLES:
        if role != "admin":
            await make.staff(pool, person, role=role)
    ids = {
        "campaign_id": campaign,
        "post_id": post,
        "comment_id": comment,
        "user_id": author,
        "staff_id": person,
        "subject_id": post,
        "kind": "post",
        "name": "x",
        "change": "like",
        "rank": 1,
    }
    made = Town(app_state, {name: str(value) for name, value in ids.items()})
    await made.browser.sign_in_as(person)
    return made


async def test_an_odd_id_is_never_a_server_error(town: Town) -> None:
    failed = []
    for method, path in page_routes(town.app_state):
        for name in re.findall(r"\{(\w+)[^}]*\}", path):
            for odd in _ODD_IDS:
                address = town.concrete(re.sub(r"\{" + name + r"[^}]*\}", odd, path))
                answer = await town.browser.http.request(method, address, data={} if method == "POST" else None)
                if answer.status_code >= 500:
                    failed.append((method, address, answer.status_code))
    assert not failed, failed


async def test_an_odd_query_is_never_a_server_error(town: Town) -> None:
    failed = []
    for method, path in page_routes(town.app_state):
        if method != "GET":
            continue
        for odd in _ODD_TEXTS:
            answer = await town.browser.get(town.concrete(path), params=dict.fromkeys(_QUERIES, odd[:_IN_A_QUERY]))
            if answer.status_code >= 500:
                failed.append((path, odd[:20], answer.status_code))
            assert "a=b" not in answer.headers.get("set-cookie", ""), path
    assert not failed, failed


async def test_odd_fields_are_never_a_server_error(town: Town) -> None:
    failed = []
    for method, path in page_routes(town.app_state):
        if method != "POST" or path == "/sign-out":
            continue
        for odd in _ODD_TEXTS:
            answer = await town.browser.post(town.concrete(path), dict.fromkeys(_FIELDS, odd))
            if answer.status_code >= 500:
                failed.append((path, odd[:20], answer.status_code))
    assert not failed, failed


async def test_the_address_of_every_form_leads_to_a_page_and_keeps_its_query(town: Town) -> None:
    """After a refused form a reload, another language and the sign-in ask for the address by GET."""
    routes = page_routes(town.app_state)
    addresses = sorted(
        {path for method, path in routes if method == "POST"} - {path for m, path in routes if m == "GET"}
    )
    assert len(addresses) > 50
    wrong = []
    for path in addresses:
        answer = await town.browser.get(town.concrete(path), params={"kind": "post"})
        location = answer.headers.get("location", "")
        target, _, query = location.partition("?")
        above = town.concrete(path).startswith(f"{target.rstrip('/')}/")
        if (answer.status_code, query, above) != (303, "kind=post", True):
            wrong.append((path, answer.status_code, location))
        # Of what does not exist the page says so; a comment leads on to its post.
        elif (shown := await town.browser.get(location)).status_code not in (200, 303, 404) or (
            shown.status_code == 404 and not _NOT_IN_TOWN.search(path)
        ):
            wrong.append((path, location, shown.status_code))
    assert not wrong, wrong


async def test_only_a_browser_that_asks_for_a_page_is_led_from_a_form(town: Town) -> None:
    address = "/console/words/check"
    for accept in ("application/json", "image/*", "*/*"):
        answer = await town.browser.http.get(address, headers={"accept": accept})
        assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST"), accept
    assert (await town.browser.http.put(address)).status_code == 405


@pytest.mark.parametrize(
    ("path", "fields", "typed"),
    [
        ("/console/staff", {"user_id": "王编辑", "role": "editor"}, "王编辑"),
        ("/console/staff", {"user_id": "17"}, "17"),
        (
            "/console/users/{user_id}/sanction",
            {"kind": "ban", "days": "x", "reason_code": "spam"},
            'value="ban" selected',
        ),
        ("/console/users/{user_id}/sanction", {"kind": "mute", "until": "明天", "reason_code": "spam"}, "明天"),
        ("/console/users/{staff_id}/requeue", {"since": "昨天", "reason_code": "careless"}, ""),
        ("/console/campaigns/{campaign_id}/shortlist", {"size": "三十"}, "三十"),
        (
            "/console/campaigns/{campaign_id}/winners/access",
            {"user_id": "17", "reason": "核对", "days": "三天"},
            "三天",
        ),
        ("/console/takedowns", {"kind": "post", "id": "{post_id}", "reason_code": ""}, ""),
        ("/me/protection", {"days": "一周"}, ""),
    ],
)
async def test_what_is_no_number_and_no_time_is_refused_with_its_form(
    town: Town, path: str, fields: dict[str, str], typed: str
) -> None:
    given = {name: town.concrete(value) for name, value in fields.items()}
    answer = await town.browser.post(town.concrete(path), given)
    assert answer.status_code == 422
    assert 'role="alert" data-problem>' in answer.text
    assert typed in answer.text
    # Each message leads to its field.
    for field in re.findall(r'href="#(field-[^"]*)"', answer.text):
        assert f'id="{field}"' in answer.text, field
    # The page with the form, not that of an error.
    assert 'name="form_account"' in answer.text


@pytest.mark.parametrize("value", ["http://[", "http://[::1", "//", "", "http://a@b:c", "http://feed.test:99999999"])
async def test_an_odd_origin_or_referer_is_never_a_server_error(town: Town, value: str) -> None:
    town.browser.http.headers.pop("sec-fetch-site")
    answer = await town.browser.post("/me/settings", {"likes": "1"}, headers={"origin": value, "referer": value})
    assert answer.status_code == 403
    away = BrowserClient(town.app_state)
    assert (await away.post("/me/settings", {"likes": "1"}, headers={"referer": value})).status_code in (303, 307)


# Who works with a part of the console, the narrower part first.
_WORK: tuple[tuple[str, frozenset[str]], ...] = (
    # Of a campaign without a jury every editor marks the entries.
    ("/console/jury/", frozenset({"editor", "admin"})),
    ("/console/campaigns/{campaign_id}/winners/access", frozenset({"admin"})),
    ("/console/users/{user_id}/requeue", frozenset({"admin"})),
    ("/console/status", frozenset({"admin"})),
    ("/console/staff", frozenset({"admin"})),
    ("/console/audit", frozenset({"admin"})),
    ("/console/campaigns", frozenset({"editor", "admin"})),
    ("/console/objections", frozenset({"editor", "admin"})),
    ("/console/hot", frozenset({"editor", "admin"})),
    ("/console/topics", frozenset({"editor", "admin"})),
    ("/console/", frozenset(ROLES)),
)
_CHANGES_WORDS = {"/console/words", "/console/words/remove"}


def _may(role: str, method: str, path: str) -> bool:
    if path in ("/console", "/console/jury"):
        # What waits for the viewer, and the own seats.
        return True
    if method == "POST" and path in _CHANGES_WORDS:
        return role in ("editor", "admin")
    return role in next(roles for prefix, roles in _WORK if path.startswith(prefix))


@pytest.mark.parametrize("role", ["", "revoked", *ROLES])
async def test_a_role_opens_its_own_part_of_the_console_and_changes_nothing_of_others(town: Town, role: str) -> None:
    """`revoked`: all roles, which ended a moment ago in the same session."""
    browser = BrowserClient(town.app_state)
    account_id = await make.person(town.app_state.pool, role=role if role in ROLES else None)
    await browser.sign_in_as(account_id)
    if role == "revoked":
        for each in ROLES:
            await make.staff(town.app_state.pool, account_id, role=each)
        assert (await browser.get("/console/status")).status_code == 200
        await town.app_state.pool.execute(
            "UPDATE staff_rights SET revoked_at = now() WHERE account_id = $1 AND revoked_at IS NULL", account_id
        )
    routes = [each for each in page_routes(town.app_state) if each[1].startswith("/console")]
    assert len(routes) > 80
    foreign = [each for each in routes if not _may(role, *each)]
    before = await _written(town.app_state)
    wrong = []
    for method, path in foreign:
        fields = dict.fromkeys(_FIELDS, "1") if method == "POST" else None
        answer = await browser.http.request(method, town.concrete(path), data=fields)
        # An address of a form leads to its page; fields are checked before roles.
        refused = answer.status_code in (403, 404) or (method == "POST" and answer.status_code in (400, 422))
        if not refused and not (method == "GET" and answer.status_code == 303):
            wrong.append((method, path, answer.status_code))
    assert await _written(town.app_state) == before
    own = {path for method, path in routes if method == "GET"} - {path for _, path in foreign}
    wrong += [
        ("GET", path, 403) for path in sorted(own) if (await browser.get(town.concrete(path))).status_code in (401, 403)
    ]
    assert not wrong, wrong


async def _written(app_state: AppState) -> dict[str, str]:
    """A digest of the content of each table."""
    names = await app_state.pool.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    )
    return {
        name: await app_state.pool.fetchval(
            f"SELECT md5(coalesce(string_agg(each::text, ',' ORDER BY each::text), '')) FROM {name} AS each"
        )
        for (name,) in names
    }
