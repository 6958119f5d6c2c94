"""Finds the streams whose token, browser session or right has ended."""

import asyncio
from collections.abc import Sequence

from feed.accounts import store as accounts
from feed.accounts import web_session_store as sessions
from feed.accounts.authentication import Authenticator
from feed.auth.jwks import IssuerAway
from feed.errors import Unauthenticated
from feed.live.model import QUEUE_ROLES, Access
from feed.postgres import Pool

# Verified in a row before other tasks run.
_ROW = 50


async def list_ended(pool: Pool, authenticator: Authenticator, given: Sequence[Access]) -> set[Access]:
    """Those that hold no longer. Two statements at most, whatever their number."""
    ended = set()
    for place, each in enumerate(given):
        if each.token is not None and not await _is_valid(authenticator, each.token):
            ended.add(each)
        if place % _ROW == _ROW - 1:
            await asyncio.sleep(0)
    by_session = {each.session for each in given if each.session is not None}
    reviewers = {each.account_id for each in given if each.reads_queue and each.account_id is not None}
    if by_session or reviewers:
        async with pool.acquire() as conn:
            if by_session:
                by_session -= await sessions.list_open(conn, list(by_session))
            if reviewers:
                reviewers -= await accounts.list_with_rights(conn, list(reviewers), QUEUE_ROLES)
    return ended | {
        each for each in given if each.session in by_session or (each.reads_queue and each.account_id in reviewers)
    }


async def _is_valid(authenticator: Authenticator, token: str) -> bool:
    try:
        await authenticator.authenticate(token)
    except Unauthenticated:
        return False
    except IssuerAway:
        # Not known now; the next look says.
        return True
    return True
