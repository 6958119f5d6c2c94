"""`feed sign-in`: a link for a browser, in embedded mode only, that works once."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from feed.__main__ import main
from feed.accounts import web_sessions
from feed.accounts.known_device import SignInClient
from feed.accounts.web_sessions import TicketRefused
from feed.commands.sign_in import make_link
from feed.environment import read_settings
from feed.postgres import Pool
from tests.support.api_process import Server, environment_of, server

__all__ = ["server"]


async def test_a_link_signs_in_once_and_makes_the_user(
    server: Server, database: str, redis_url: str, tmp_path: Path, pool: Pool
) -> None:
    settings = read_settings(environment_of(database, redis_url, tmp_path) | {"FEED_PUBLIC_URL": server.url})
    for roles in (("editor",), ()):
        link = await make_link(settings, "新编辑", roles, "/console")
        assert link.startswith(f"{server.url}/sign-in/ticket?")
        (ticket,) = parse_qs(urlsplit(link).query)["ticket"]
        secret, path = await web_sessions.exchange_ticket(pool, ticket, SignInClient())
        assert path == "/console"
        async with pool.acquire() as conn:
            found = await web_sessions.find_session(conn, secret, SignInClient())
        assert found is not None
        name = await pool.fetchval("SELECT name FROM accounts WHERE id = $1", found.account_id)
        assert name == "新编辑"
        with pytest.raises(TicketRefused):
            await web_sessions.exchange_ticket(pool, ticket, SignInClient())


@pytest.mark.parametrize(
    ("more", "to"),
    [({"FEED_EMBEDDED": "false"}, "/"), ({}, "//evil.example"), ({}, "/\\evil.example"), ({}, "console")],
)
def test_no_link_outside_of_embedded_mode_or_of_this_site(
    database: str,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: dict[str, str],
    to: str,
) -> None:
    for name, value in (environment_of(database, redis_url, tmp_path) | more).items():
        monkeypatch.setenv(name, value)
    assert main(["sign-in", "--user", "小明", "--to", to]) == 2
    assert "ticket" not in capsys.readouterr().out
