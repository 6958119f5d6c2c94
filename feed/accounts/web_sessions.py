"""Sessions of browsers: a secret in an httpOnly cookie, which belongs to a sign-in and ends with it."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from feed.accounts import session_store as sessions
from feed.accounts import sign_in_store as sign_ins
from feed.accounts import web_session_store as store
from feed.accounts.known_device import SignInClient
from feed.accounts.model import AccountId
from feed.accounts.sign_in import REFRESH_DAYS
from feed.accounts.web_session_store import WebSession
from feed.errors import Unauthenticated
from feed.postgres import Connection, Pool, transaction

SESSION_DAYS = REFRESH_DAYS
TICKET_SECONDS = 60
# The page that a ticket opens.
TICKET_PAGE = "/sign-in/ticket"
# The list of sign-ins says when each was used, to the hour.
_NOTED_EVERY = timedelta(hours=1)


class TicketRefused(Unauthenticated):
    """A ticket that is unknown, expired or used already."""


async def open_session(pool: Pool, account_id: AccountId, family: int) -> str:
    """A session of a sign-in by phone; returns the secret for the cookie."""
    secret = secrets.token_urlsafe(32)
    async with transaction(pool) as conn:
        await store.add_session(conn, secret_hash(secret), account_id, family=family, days=SESSION_DAYS)
    return secret


async def find_session(conn: Connection, secret: str, client: SignInClient) -> WebSession | None:
    """The session of a cookie; None if it has ended. Records, once an hour, that its sign-in is used."""
    found = await store.find_session(conn, secret_hash(secret))
    if found is not None and datetime.now(UTC) - found.used_at > _NOTED_EVERY:
        await sessions.mark_used(conn, found.family, found.account_id, device=client.device, region=client.region)
    return found


async def end_session(pool: Pool, secret: str, *, everywhere: bool = False) -> AccountId | None:
    """Signs the browser out, with `everywhere` all devices of the person, and returns its account; None for an unknown secret."""
    async with transaction(pool) as conn:
        removed = await store.remove_session(conn, secret_hash(secret))
        if removed is None:
            return None
        if everywhere and removed.is_open:
            await sign_ins.lock_accounts_of_person(conn, removed.account_id)
            await sign_ins.revoke_sign_ins(conn, removed.account_id)
        else:
            await sign_ins.revoke_family(conn, removed.family)
    return removed.account_id


async def issue_ticket(pool: Pool, account_id: AccountId, path: str, *, seconds: int = TICKET_SECONDS) -> str:
    """A ticket with which a browser is signed in once, within `seconds`, and led to `path`."""
    ticket = secrets.token_urlsafe(32)
    async with transaction(pool) as conn:
        await store.add_ticket(conn, secret_hash(ticket), account_id, path, seconds=seconds)
    return ticket


def ticket_address(public_url: str, ticket: str) -> str:
    """The address that signs a browser in with a ticket."""
    return f"{public_url.rstrip('/')}{TICKET_PAGE}?ticket={ticket}"


async def exchange_ticket(pool: Pool, ticket: str, client: SignInClient) -> tuple[str, str]:
    """The secret of a new session, and the page that the ticket leads to. Raises TicketRefused."""
    secret = secrets.token_urlsafe(32)
    async with transaction(pool) as conn:
        used = await store.use_ticket(conn, secret_hash(ticket))
        if used is None:
            raise TicketRefused
        family = await store.add_session(conn, secret_hash(secret), used.account_id, family=None, days=SESSION_DAYS)
        await sessions.mark_used(conn, family, used.account_id, device=client.device, region=client.region)
    return secret, used.path


def secret_hash(secret: str) -> bytes:
    """What is stored of a secret: a copy of the database cannot be used to sign in."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()
