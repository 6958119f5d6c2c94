"""Voids: editors exclude engagement from counting, and withdraw that."""

from typing import Annotated, Literal

import msgspec

from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns.entries import store as entries
from feed.campaigns.entries import void_store
from feed.campaigns.entries.void_store import Void
from feed.campaigns.errors import VoidNotFound
from feed.campaigns.inputs import Note, note_problems
from feed.campaigns.locking import increment_versions, lock_judgeable_campaign
from feed.errors import FieldError, Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.ids import GivenId, parse_id
from feed.postgres import Connection, Pool, transaction
from feed.reasons import VoidReason
from feed.texts import normalised

VOIDED_MOST = 500


class NewVoids(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request for voids: of the engagement of some accounts, or of all engagement with one entry."""

    kinds: Annotated[list[Literal["like", "comment"]], msgspec.Meta(max_length=10, extra_json_schema={"minItems": 1})]
    reason_code: VoidReason
    user_ids: Annotated[list[GivenId], msgspec.Meta(max_length=VOIDED_MOST)] | None = None
    post_id: GivenId | None = None
    note: Note | None = None


async def add_voids(
    pool: Pool, editor_id: AccountId, campaign_id: int, new: NewVoids, request: KeyedRequest | None = None
) -> list[Void]:
    """Stops counting the engagement of some accounts' persons, or all engagement with one entry. Returns the voids.

    Raises Invalid.
    """
    if problems := void_problems(new):
        raise Invalid(*problems)
    async with idempotent_transaction(pool, editor_id, request) as (conn, attempt):
        first_id = attempt.reserved_id
        if first_id is not None and attempt.is_repeat:
            return await void_store.list_added_together(conn, campaign_id, first_id)
        await lock_judgeable_campaign(conn, campaign_id)
        affected = await list_affected(conn, campaign_id, new)
        added = await insert_voids(conn, campaign_id, new, first_id=first_id, by=editor_id)
        await increment_versions(conn, affected)
        detail = {"void_ids": [str(void.id) for void in added], "kinds": new.kinds, "reason_code": new.reason_code}
        await audit.add(conn, editor_id, "voids_added", "campaign", campaign_id, detail)
    return added


async def list_affected(conn: Connection, campaign_id: int, new: NewVoids) -> list[int]:
    """The entries whose engagement the voids change. Raises Invalid for an unknown entry or account."""
    if new.post_id is not None:
        post_id = int(new.post_id)
        if await entries.find_entry(conn, campaign_id, post_id) is None:
            raise Invalid(FieldError("post_id", "not_found"))
        return [post_id]
    given = [int(id_) for id_ in new.user_ids or ()]
    if unknown := await accounts.list_unknown_ids(conn, list(dict.fromkeys(given))):
        raise Invalid(*(FieldError(f"user_ids[{given.index(id_)}]", "not_found") for id_ in unknown))
    return await entries.list_engaged_by(conn, campaign_id, list(dict.fromkeys(given)))


async def insert_voids(
    conn: Connection, campaign_id: int, new: NewVoids, *, first_id: int | None, by: AccountId
) -> list[Void]:
    """Adds the rows of checked voids; `first_id` as in the store."""
    if new.post_id is not None:
        return await void_store.add_post_void(
            conn,
            campaign_id,
            int(new.post_id),
            first_id=first_id,
            kinds=new.kinds,
            reason_code=new.reason_code,
            note=normalised(new.note),
            by=by,
        )
    return await void_store.add_account_voids(
        conn,
        campaign_id,
        list(dict.fromkeys(int(id_) for id_ in new.user_ids or ())),
        first_id=first_id,
        kinds=new.kinds,
        reason_code=new.reason_code,
        note=normalised(new.note),
        by=by,
    )


async def withdraw_void(pool: Pool, editor_id: AccountId, campaign_id: int, void_id: int) -> None:
    """Withdraws a void: its engagement counts again. A second time changes nothing. Raises VoidNotFound."""
    async with transaction(pool) as conn:
        await lock_judgeable_campaign(conn, campaign_id)
        void = await void_store.find_void(conn, campaign_id, void_id)
        if void is None:
            raise VoidNotFound
        if not await void_store.mark_withdrawn(conn, campaign_id, void_id, by=editor_id):
            return
        if void.account_id is None:
            affected = [] if void.post_id is None else [void.post_id]
        else:
            affected = await entries.list_engaged_by(conn, campaign_id, [void.account_id])
        await increment_versions(conn, affected)
        await audit.add(conn, editor_id, "void_withdrawn", "campaign", campaign_id, {"void_id": str(void_id)})


def void_problems(new: NewVoids) -> list[FieldError]:
    """What is wrong with a request for voids."""
    errors = note_problems(new.note)
    if not new.kinds:
        errors.append(FieldError("kinds", "required"))
    if (new.post_id is None) == (not new.user_ids):
        errors.append(FieldError("user_ids", "one_of", {"allowed": ["user_ids", "post_id"]}))
    for index, raw in enumerate(new.user_ids or ()):
        if parse_id(raw) is None:
            errors.append(FieldError(f"user_ids[{index}]", "not_found"))
    if new.post_id is not None and parse_id(new.post_id) is None:
        errors.append(FieldError("post_id", "not_found"))
    return errors
