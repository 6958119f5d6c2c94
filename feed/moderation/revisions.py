"""A reviewer's edit: a revision of the post of which the reviewer is an author."""

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.cases import store as cases
from feed.cases.model import CaseId, CaseLeased, CaseStale
from feed.changes.store import Announce, announce_nothing
from feed.errors import FieldError, Invalid
from feed.idempotency import KeyedRequest, idempotent_transaction
from feed.inbox import store as inbox
from feed.moderation.model import AlreadyJudged, OwnCampaign, OwnSubject, SignaturesMissing, VerdictNotApplicable
from feed.moderation.notices import revised_notice
from feed.moderation.subjects import lock_case, lock_subject
from feed.moderation.verdict_store import get_decision
from feed.postgres import Pool
from feed.posts import store as posts
from feed.posts.actions import add_revision
from feed.posts.model import TEXT
from feed.screening.model import MachineResult
from feed.texts import field_errors, read_text


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
    """Adds the reviewer's text as the newest revision of the post, and returns the case in which it waits.

    It needs the approvals of the stages that are left, at least one, and none by a person who has written one of the texts. What others
    see stays until then. The author is notified, and may read both texts. `version` None: whatever has happened to the case since it
    was read. A repeated request returns the case it was made for.

    Raises Invalid, CaseNotFound, OwnSubject, OwnCampaign, CaseLeased, CaseStale, AlreadyJudged, SignaturesMissing, VerdictNotApplicable.
    """
    if machine.verdict == "block":
        raise Invalid(FieldError("text", "text_blocked"))
    read, problem = read_text(text, TEXT)
    if problems := field_errors("text", problem, TEXT):
        raise Invalid(*problems)
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
        if case.kind != "post" or case.post_id is None:
            raise VerdictNotApplicable
        subject = await lock_subject(conn, case)
        post = await posts.lock_post(conn, case.post_id)
        if subject.judged not in ("published", "pending"):
            raise VerdictNotApplicable
        # The author has written a newer one, or another reviewer has.
        if case.revision not in (None, post.latest_revision):
            raise CaseStale
        if read == await posts.get_latest_text(conn, post.id):
            raise Invalid(FieldError("text", "unchanged"))
        if (await posts.get_revision_review(conn, post.id, post.latest_revision)).signed_first:
            raise SignaturesMissing
        number = await add_revision(conn, post, reviewer_id, read, machine=machine, stages=1)
        revised_id = await cases.advance_revision(conn, post.id, number, done=case.stage)
        await inbox.add_notifications(conn, [revised_notice(case, number)])
        detail = {"case_id": str(case_id), "revision": str(number), "revised_case_id": str(revised_id)}
        await audit.add(conn, reviewer_id, "case.revise", "post", post.id, detail)
        await cases.renew_leases(conn, reviewer_id)
    announce([post.id])
    return revised_id
