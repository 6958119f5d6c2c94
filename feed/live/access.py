"""Finds the streams whose token, browser session or right has ended."""

import asyncio
from collections.abc import Sequence

from feed.accounts import store as accounts
from feed.accounts import web_session_store as sessions
from feed.accounts.authentication import Authenticator
from feed.auth.jwks import IssuerAway
from feed.errors import Unauthenticated
from feed.live.model import STAFF_TOPICS, Access
from feed.live.topics import TopicKind
from feed.postgres import Connection, Pool

# Verified in a row before other tasks run.
_ROW = 50


async def list_ended(pool: Pool, authenticator: Authenticator, given: Sequence[Access]) -> set[Access]:
    """Those that hold no longer. A statement for sessions and one for each role at most, whatever their number."""
    ended = set()
    for place, each in enumerate(given):
        if each.token is not None and not await _is_valid(authenticator, each.token):
            ended.add(each)
        if place % _ROW == _ROW - 1:
            await asyncio.sleep(0)
    by_session = {each.session for each in given if each.session is not None}
    by_topic = [(kind, [each for each in given if kind in each.staff_topics]) for kind in STAFF_TOPICS]
    if by_session or any(staff for _, staff in by_topic):
        async with pool.acquire() as conn:
            if by_session:
                by_session -= await sessions.list_open(conn, list(by_session))
            for kind, staff in by_topic:
                ended |= await _list_without_right(conn, kind, staff)
    return ended | {each for each in given if each.session in by_session}


async def _list_without_right(conn: Connection, kind: TopicKind, staff: Sequence[Access]) -> set[Access]:
    """Those whose account may not read the topics of this kind any more."""
    account_ids = {each.account_id for each in staff if each.account_id is not None}
    if not account_ids:
        return set()
    entitled = await accounts.list_with_rights(conn, list(account_ids), STAFF_TOPICS[kind])
    return {each for each in staff if each.account_id not in entitled}


async def _is_valid(authenticator: Authenticator, token: str) -> bool:
    try:
        await authenticator.authenticate(token)
    except Unauthenticated:
        return False
    except IssuerAway:
        # Not known now; the next look says.
        return True
    return True
