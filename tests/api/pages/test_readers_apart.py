"""Pages that readers have in common: each shows its own reader's state, as if no other had opened it before."""

from collections.abc import Awaitable, Callable

import pytest

from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.api.html import outlines, rendering
from feed.api.pages.community import lists
from feed.api.state import AppState
from tests.support.api import Join, Person
from tests.support.app import app_over
from tests.support.pages import BrowserClient

# What differs each time, for every reader: the token of one form.
ATTEMPTS = 4
FORM_TOKEN = 'name="form_token" value="'


def forget_rendered(app_state: AppState) -> None:
    """Has every page, card and thread rendered again."""
    state = app_over(app_state).state
    for cache in (state.outlines._outlines, state.public_pages._pages, rendering._fragments, lists._rendered):
        cache.drop(lambda _: True)


def without_form_token(html: str) -> str:
    before, mark, after = html.partition(FORM_TOKEN)
    return before + mark + after.partition('"')[2]


class Readers:
    """Browsers of several people, and one that is not signed in, at the same pages."""

    def __init__(self, app_state: AppState) -> None:
        self.app_state = app_state
        self.browsers: dict[str, BrowserClient] = {"": BrowserClient(app_state)}
        self.people: dict[str, Person] = {}

    async def add(self, name: str, person: Person) -> None:
        opened = BrowserClient(self.app_state)
        await opened.sign_in_as(int((await person("GET", "/me")).json()["id"]))
        self.browsers[name], self.people[name] = opened, person

    async def id_of(self, name: str) -> int:
        return int((await self.people[name]("GET", "/me")).json()["id"])

    async def open_all(self, paths: list[str]) -> dict[tuple[str, str], tuple[int, str]]:
        """Each page by each reader, one reader after the other on the same page."""
        found = {}
        for path in paths:
            for name, browser in self.browsers.items():
                page = await browser.get(path)
                found[path, name] = page.status_code, without_form_token(page.text)
        return found

    async def require_apart(self, paths: list[str], event: str) -> dict[tuple[str, str], tuple[int, str]]:
        """The pages after an event, once all were opened; each is as it would be without other readers.

        Boards and counts follow an event within a moment: what differs is opened again.
        """
        for _ in range(ATTEMPTS):
            await self.open_all(paths)
            together = await self.open_all(paths)
            alone = {}
            with pytest.MonkeyPatch.context() as patched:
                # No page has an outline: each is rendered whole.
                patched.setattr(outlines, "_divided", lambda *_: ({}, []))
                for path in paths:
                    for name, browser in self.browsers.items():
                        forget_rendered(self.app_state)
                        page = await browser.get(path)
                        alone[path, name] = page.status_code, without_form_token(page.text)
            if together == alone:
                return together
        differing = [key for key in together if together[key] != alone[key]]
        raise AssertionError((event, differing))


@pytest.fixture
async def readers(app_state: AppState, join: Join) -> Readers:
    found = Readers(app_state)
    for name in ("阿珍", "小明", "<b>小红\"&'</b>"):
        await found.add(name, join(name))
    return found


async def test_readers_of_the_same_pages_see_their_own_state_after_every_event(
    readers: Readers, app_state: AppState
) -> None:
    author, reader, odd = readers.people.values()
    made = [(await author("POST", "/posts", {"text": f"第{n}条 #读书#"})).json()["id"] for n in range(3)]
    comment = (await reader("POST", f"/posts/{made[0]}/comments", {"text": "说得好"})).json()["id"]
    author_id, reader_id = await readers.id_of("阿珍"), await readers.id_of("小明")
    paths = ["/", "/hot", "/topics/读书", f"/users/{author_id}", f"/posts/{made[0]}"]

    async def grant() -> None:
        async with app_state.pool.acquire() as conn:
            await accounts.grant_role(conn, AccountId(reader_id), "editor", by=None)

    async def takedown() -> None:
        await app_state.pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", int(made[2]))
        app_state.invalidate_posts([int(made[2])])

    async def requested(person: Person, method: str, path: str, body: object = None) -> None:
        answer = await person(method, path, body)
        assert answer.is_success, answer.text

    events: list[tuple[str, Callable[[], Awaitable[None]]]] = [
        ("nothing", lambda: _nothing()),
        ("like", lambda: requested(reader, "PUT", f"/posts/{made[0]}/like")),
        (
            "reply",
            lambda: requested(odd, "POST", f"/posts/{made[0]}/comments", {"text": "同意", "reply_to_id": comment}),
        ),
        ("comment liked", lambda: requested(odd, "PUT", f"/comments/{comment}/like")),
        ("mute", lambda: requested(odd, "PUT", f"/users/{author_id}/mute")),
        ("block", lambda: requested(reader, "PUT", f"/users/{author_id}/block")),
        ("unblock", lambda: requested(reader, "DELETE", f"/users/{author_id}/block")),
        ("name", lambda: requested(author, "PATCH", "/me", {"name": "阿珍珍"})),
        ("role", grant),
        ("takedown", takedown),
        ("unlike", lambda: requested(reader, "DELETE", f"/posts/{made[0]}/like")),
        ("deletion", lambda: requested(author, "DELETE", f"/posts/{made[0]}")),
    ]
    tokens: dict[str, str] = {}
    for event, act in events:
        await act()
        found = await readers.require_apart(paths, event)
        for name in readers.people:
            tokens[name] = found["/", name][1].partition('name="session_token" value="')[2].partition('"')[0]
        assert len(set(tokens.values())) == 3
        for (path, name), (status, html) in found.items():
            others = {token for other, token in tokens.items() if other != name}
            assert not any(token in html for token in others), (event, path, name)
            # The page of a problem has no frame.
            assert (tokens.get(name, "no reader") in html) == (bool(name) and status == 200), (event, path, name)
        if event == "like":
            assert found[f"/posts/{made[0]}", "小明"][1].count('aria-pressed="true"') == 1
            assert 'aria-pressed="true"' not in found[f"/posts/{made[0]}", "阿珍"][1]
        if event == "role":
            assert [name for name in readers.browsers if '"/console"' in found["/", name][1]] == ["小明"]
        if event == "block":
            assert found[f"/posts/{made[0]}", "小明"][0] == 404
            assert "第1条" not in found["/", "小明"][1]
        if event == "takedown":
            assert not any("第2条" in html for (path, _), (_, html) in found.items() if path == "/")
    assert "&lt;b&gt;小红&#34;&amp;&#39;&lt;/b&gt;" in (await readers.browsers["<b>小红\"&'</b>"].get("/")).text


async def _nothing() -> None:
    return None


async def test_the_unread_number_and_the_name_of_a_page_are_those_of_now(readers: Readers) -> None:
    author, reader, _ = readers.people.values()
    browser = readers.browsers["阿珍"]
    made = (await author("POST", "/posts", {"text": "第一条"})).json()["id"]
    assert 'data-live="inbox:unread" hidden>0<' in (await browser.get("/")).text
    author_id = await readers.id_of("阿珍")
    await readers.app_state.pool.execute(
        "INSERT INTO inbox (account_id, kind, title, body, once_key) VALUES ($1, 'system', '标题', '正文', 'one')",
        author_id,
    )
    assert 'data-live="inbox:unread">1<' in (await browser.get("/")).text
    assert 'data-live="inbox:unread" hidden>0<' in (await readers.browsers["小明"].get("/")).text
    await author("PATCH", "/me", {"name": "改了的名字"})
    assert '<a href="/me">改了的名字</a>' in (await browser.get(f"/posts/{made}")).text
    _ = reader


async def test_a_token_of_a_form_is_text_whatever_it_holds(readers: Readers) -> None:
    author = readers.people["阿珍"]
    made = (await author("POST", "/posts", {"text": "第一条"})).json()["id"]
    browser = readers.browsers["小明"]
    token = '"><i>x</i>'
    answer = await browser.post(f"/posts/{made}/comments", {"text": "", "form_token": token})
    assert answer.status_code == 422
    assert "<i>x" not in answer.text
    assert "&#34;&gt;&lt;i&gt;x&lt;/i&gt;" in answer.text
