"""Signing texts of the newsroom stage by stage, and returning them for a change."""

from typing import Annotated

import msgspec

from feed.accounts import store as accounts
from feed.accounts.approvals import require_right
from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import store as campaigns
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.rules.site_terms import SiteTerms
from feed.cases import store as cases
from feed.cases.model import CaseId
from feed.changes import store as changes
from feed.changes.store import Announce, Delta, announce_nothing
from feed.editorial import store
from feed.editorial.notices import returned_notice
from feed.editorial.store import NewsroomText
from feed.errors import NotFound
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.moderation.subjects import lock_case, lock_subject, publish
from feed.postgres import Connection, Pool
from feed.posts import store as posts
from feed.posts.model import PostId
from feed.signoffs import store as signoffs
from feed.signoffs.model import (
    CREDIT_ROLES,
    ROLES_OF_STAGES,
    Kind,
    NothingSigned,
    SignoffBarred,
    SignoffNotNext,
    SignoffStale,
    credits_of,
    next_stage,
)
from feed.texts import line, require_text

REASON = line(500)
ReturnReason = Annotated[str, REASON.bound]


class TextNotFound(NotFound):
    """The newsroom has no such text to sign: no draft, no proposed change of published rules, no post of its own."""


async def sign_text(
    pool: Pool,
    signer_id: AccountId,
    kind: Kind,
    subject_id: int,
    *,
    sha256: bytes,
    stage: int,
    site: SiteTerms,
    request: KeyedRequest | None = None,
    announce: Announce = announce_nothing,
) -> None:
    """Signs a stage of the text whose hash is `sha256`. The last stage of a post adds the credits to its revision.

    Raises TextNotFound, SignoffStale, SignoffNotNext, SignoffBarred, RoleMissing, Banned.
    """
    async with idempotent_transaction(pool, signer_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        text = await _lock_text(conn, kind, subject_id, site)
        if text.content_sha256 != sha256:
            raise SignoffStale
        roles = await require_right(conn, signer_id, ROLES_OF_STAGES[stage - 1])
        signed = await signoffs.list_in_force(conn, kind, subject_id, sha256)
        if next_stage(signed) != stage:
            raise SignoffNotNext
        same = set(await accounts.list_same_person(conn, signer_id))
        others = {each.account_id for each in signed} | (set(text.author_ids) if stage > 1 else set())
        if same & others:
            raise SignoffBarred
        await signoffs.add_signoff(
            conn, kind, subject_id, sha256, stage=stage, by=signer_id, author_ids=text.author_ids, roles=roles
        )
        detail = {"stage": CREDIT_ROLES[stage - 1], "sha256": sha256.hex()}
        await audit.add(conn, signer_id, "signoff.sign", kind, subject_id, detail)
        if text.revision is not None:
            await _credit_post(conn, text)
    if kind == "post":
        announce([subject_id])


async def return_text(
    pool: Pool,
    reviewer_id: AccountId,
    kind: Kind,
    subject_id: int,
    *,
    sha256: bytes,
    reason: str,
    site: SiteTerms,
    request: KeyedRequest | None = None,
    announce: Announce = announce_nothing,
) -> None:
    """Undoes the signatures of a text, and notifies who has signed it; the chain begins anew.

    Raises Invalid, TextNotFound, SignoffStale, NothingSigned, RoleMissing, Banned.
    """
    reason = require_text("reason", reason, REASON)
    async with idempotent_transaction(pool, reviewer_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        text = await _lock_text(conn, kind, subject_id, site)
        if text.content_sha256 != sha256:
            raise SignoffStale
        await require_right(conn, reviewer_id, ROLES_OF_STAGES[1])
        signers = await signoffs.undo_signoffs(conn, kind, subject_id, sha256)
        if not signers:
            raise NothingSigned
        returned_id = await audit.add(
            conn, reviewer_id, "signoff.return", kind, subject_id, {"sha256": sha256.hex(), "reason": reason}
        )
        await inbox.add_notifications(
            conn,
            [returned_notice(signer, text, reason, returned_id) for signer in signers if signer != reviewer_id],
        )
        if text.revision is not None:
            await _credit_post(conn, text)
    if kind == "post":
        announce([subject_id])


async def _lock_text(conn: Connection, kind: Kind, subject_id: int, site: SiteTerms) -> NewsroomText:
    if kind == "campaign":
        if not await campaigns.lock_row(conn, subject_id):
            raise CampaignNotFound
    else:
        # The statistics row first, as every writer of the post does.
        await changes.lock_stats(conn, [subject_id])
        await posts.lock_post(conn, PostId(subject_id))
    text = await store.find_text(conn, kind, subject_id, site)
    if text is None:
        raise TextNotFound
    return text


async def _credit_post(conn: Connection, text: NewsroomText) -> None:
    """Adds the credits to the signed revision, or removes those of one that lacks a signature."""
    assert text.revision is not None
    signed = await signoffs.list_in_force(conn, "post", text.subject_id, text.content_sha256)
    credits = [msgspec.to_builtins(each) for each in credits_of(signed)]
    await posts.change_credits(conn, text.subject_id, text.revision, credits)
    await changes.change_stats(conn, [Delta(text.subject_id)])
    case_id = await cases.find_open_review(conn, text.subject_id, text.revision) if credits else None
    if case_id is not None:
        await _publish_signed(conn, case_id)


async def _publish_signed(conn: Connection, case_id: CaseId) -> None:
    """Publishes a revision that waited for its signatures, and closes its case: four persons have read it."""
    case = await lock_case(conn, case_id)
    subject = await lock_subject(conn, case)
    if not subject.approved and subject.judged == "pending":
        await publish(conn, case, subject)
        await cases.mark_closed(conn, case_id)
