"""A reviewer's edit: a revision of a post or comment of which the reviewer is an author."""

import msgspec

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.cases import revision_store as case_revisions
from feed.cases import store as cases
from feed.cases.model import Case, CaseId, CaseLeased, CaseStale
from feed.changes.store import Announce, announce_nothing
from feed.comments import edits as comment_edits
from feed.comments import model as comment_model
from feed.comments import revision_store as comment_revisions
from feed.comments import store as comments
from feed.errors import FieldError, Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.moderation.model import AlreadyJudged, OwnCampaign, OwnSubject, SignaturesMissing, VerdictNotApplicable
from feed.moderation.notices import revised_notice
from feed.moderation.subjects import lock_case, lock_subject
from feed.moderation.verdict_store import get_decision
from feed.postgres import Connection, Pool
from feed.posts import store as posts
from feed.posts.model import TEXT
from feed.posts.revision_store import get_latest_content
from feed.posts.revisions import add_revision
from feed.screening.model import MachineResult
from feed.texts import require_text


async def revise_case(
    pool: Pool,
    reviewer_id: AccountId,
    case_id: CaseId,
    text: str,
    *,
    version: int | None = None,
    machine: MachineResult,
    request: KeyedRequest | None = None,
    announce: Announce = announce_nothing,
) -> CaseId:
    """Adds the reviewer's text as the newest revision of the post or comment, and returns the case in which it waits.

    It needs the approvals of the stages that are left, at least one, and none by a person who has written one of the texts. What others
    see stays until then. The author is notified. `version` None: whatever has happened to the case since it
    was read. A repeated request returns the case it was made for.

    Raises Invalid, CaseNotFound, OwnSubject, OwnCampaign, CaseLeased, CaseStale, AlreadyJudged, SignaturesMissing, VerdictNotApplicable.
    """
    if machine.verdict == "block":
        raise Invalid(FieldError("text", "text_blocked"))
    async with idempotent_transaction(pool, reviewer_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return case_id
        case = await lock_case(conn, case_id)
        bars = await cases.list_bars(conn, case_id, reviewer_id)
        if "own" in bars:
            raise OwnSubject
        if "organiser" in bars:
            raise OwnCampaign
        if case.held_by not in (None, reviewer_id):
            raise CaseLeased
        if version not in (None, case.version) or case.state == "closed":
            raise CaseStale(decision=await get_decision(conn, case_id))
        if "judged" in bars:
            raise AlreadyJudged
        if case.kind not in ("post", "comment"):
            raise VerdictNotApplicable
        read = require_text("text", text, TEXT if case.kind == "post" else comment_model.TEXT)
        subject = await lock_subject(conn, case)
        if subject.judged not in ("published", "pending"):
            raise VerdictNotApplicable
        add = _revise_post if case.kind == "post" else _revise_comment
        number = await add(conn, reviewer_id, case, read, machine)
        revised_id = await case_revisions.advance_revision(conn, case, number)
        await inbox.add_notifications(conn, [revised_notice(case, number)])
        detail = {"case_id": str(case_id), "revision": str(number), "revised_case_id": str(revised_id)}
        await audit.add(conn, reviewer_id, "case.revise", case.subject.kind, case.subject.id, detail)
        await cases.renew_leases(conn, reviewer_id)
    announce([] if case.post_id is None else [case.post_id])
    return revised_id


async def _revise_post(conn: Connection, reviewer_id: AccountId, case: Case, text: str, machine: MachineResult) -> int:
    assert case.post_id is not None
    post = await posts.lock_post(conn, case.post_id)
    # The author has written a newer one, or another reviewer has.
    if case.revision not in (None, post.latest_revision):
        raise CaseStale
    latest = await get_latest_content(conn, post.id)
    if text == latest.text:
        raise Invalid(FieldError("text", "unchanged"))
    if (await posts.get_revision_review(conn, post.id, post.latest_revision)).signed_first:
        raise SignaturesMissing
    content = msgspec.structs.replace(latest, text=text)
    return await add_revision(conn, post, reviewer_id, content, machine=machine, stages=max(case.stages, 1))


async def _revise_comment(
    conn: Connection, reviewer_id: AccountId, case: Case, text: str, machine: MachineResult
) -> int:
    assert case.comment_id is not None
    comment = await comments.lock_comment(conn, case.comment_id)
    if (case.revision or 1) != comment.latest_revision:
        raise CaseStale
    if text == await comment_revisions.get_latest_text(conn, comment):
        raise Invalid(FieldError("text", "unchanged"))
    return await comment_edits.add_revision(
        conn, comment, reviewer_id, text, machine=machine, stages=max(case.stages, 1)
    )
