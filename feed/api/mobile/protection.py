"""Endpoints of the one-tap protection against strangers."""

from datetime import datetime

import msgspec
from litestar import Router, delete, put
from litestar.params import JSONBody

from feed.accounts import actions
from feed.api.dependencies import InjectedAppState, InjectedViewer
from feed.times import Instant


class ProtectionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Until when the protection holds; without a time for seven days."""

    until: Instant | None = None


class Protection(msgspec.Struct, frozen=True):
    """The protection in force."""

    until: datetime


@put("/")
async def protect_me(data: JSONBody[ProtectionIn], app_state: InjectedAppState, viewer: InjectedViewer) -> Protection:
    """Keep strangers from commenting on one's posts and replying to one's comments, for up to 90 days. A later call replaces the end.

    It holds for every account of the person and ends by itself. No strangers are people whose post or comment the person has
    liked, commented on or replied to.
    """
    return Protection(await actions.protect(app_state.pool, viewer.account_id, data.until))


@delete("/")
async def end_protection(app_state: InjectedAppState, viewer: InjectedViewer) -> None:
    """End the protection. Repeating it changes nothing."""
    await actions.end_protection(app_state.pool, viewer.account_id)


protection = Router("/me/protection", route_handlers=[protect_me, end_protection])
