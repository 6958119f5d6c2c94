"""Endpoints that mute and ban users."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Router, delete, put
from litestar.params import FromPath, FromQuery, JSONBody

from feed.accounts.model import AccountId, AccountNotFound
from feed.accounts.sanctions import SanctionKind
from feed.api.dependencies import InjectedAppState, InjectedViewer, path_id
from feed.moderation import sanctions as sanction_actions
from feed.moderation.model import ADVERSE_REASONS, OwnSubject, StaffProtected
from feed.reasons import AdverseReason
from feed.screens.posts.cards import Id
from feed.texts import among
from feed.times import Instant


class SanctionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new sanction. Without `until` it is in force until it is lifted."""

    kind: SanctionKind
    reason_code: AdverseReason
    until: Instant | None = None


class SanctionCard(msgspec.Struct, frozen=True):
    """A sanction of a user."""

    user_id: Id
    kind: SanctionKind
    reason_code: Annotated[str, among(ADVERSE_REASONS)]
    starts_at: datetime
    until: datetime | None


@put(
    "/{user_id:str}/sanction",
    errors=(
        AccountNotFound,
        OwnSubject,
        StaffProtected,
    ),
)
async def impose_sanction(
    user_id: FromPath[str], data: JSONBody[SanctionIn], app_state: InjectedAppState, viewer: InjectedViewer
) -> SanctionCard:
    """Mute or ban a user. A sanction of the same kind is replaced."""
    sanction = await sanction_actions.impose_sanction(
        app_state.pool,
        viewer.account_id,
        AccountId(path_id(user_id, AccountNotFound)),
        kind=data.kind,
        reason_code=data.reason_code,
        until=data.until,
    )
    return SanctionCard(
        str(sanction.account_id), sanction.kind, sanction.reason_code, sanction.starts_at, sanction.until
    )


@delete(
    "/{user_id:str}/sanction",
    errors=(
        AccountNotFound,
        OwnSubject,
        StaffProtected,
    ),
)
async def lift_sanctions(
    user_id: FromPath[str],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    kind: FromQuery[SanctionKind | None] = None,
) -> None:
    """Lift the sanctions of a user, all or those of one kind."""
    account_id = AccountId(path_id(user_id, AccountNotFound))
    await sanction_actions.lift_sanctions(app_state.pool, viewer.account_id, account_id, kind)


sanctions = Router("/moderation/users", route_handlers=[impose_sanction, lift_sanctions])
