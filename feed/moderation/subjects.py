"""What cases are about: the locked subject as verdicts see it, and what they change on it. The callers open the transaction."""

import msgspec

from feed.accounts import store as accounts
from feed.campaigns.entries.store import add_entries
from feed.cases import revision_store as case_revisions
from feed.cases import store as cases
from feed.cases.holds import State
from feed.cases.model import Case, CaseNotFound, CaseStale
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.comments import hide_show as comments_shown
from feed.comments import revision_store as comment_revisions
from feed.comments import store as comments
from feed.moderation import verdict_store as verdicts
from feed.moderation.model import NO_SUBJECT, JudgedSubject, SignaturesMissing, VerdictNotApplicable
from feed.postgres import Connection
from feed.posts import hide_show as posts_shown
from feed.posts import media as post_media
from feed.posts import store as posts
from feed.posts.model import content_sha256
from feed.profiles import avatars
from feed.profiles import store as profile_changes
from feed.profiles.changes import ChangeNotApplicable, apply_verdict


async def lock_case(conn: Connection, case_id: int) -> Case:
    """The case, locked after the statistics of its post. Raises CaseNotFound."""
    found = await cases.find_case(conn, case_id)
    if found is None:
        raise CaseNotFound
    # The statistics row first: edits, deletions and likes of the post lock it first too.
    if found.post_id is not None:
        await changes.lock_stats(conn, [found.post_id])
    return await cases.lock_case(conn, case_id)


async def lock_subject(conn: Connection, case: Case) -> JudgedSubject:
    """The subject of a locked case, locked.

    Raises CaseStale when the case is about a revision that is neither shown nor the newest one.
    """
    if case.comment_id is not None:
        return await _lock_comment(conn, case, case.comment_id)
    if case.post_id is None:
        change = await profile_changes.lock_change(conn, case.id)
        if change is None:
            return NO_SUBJECT
        return msgspec.structs.replace(
            NO_SUBJECT, state=change.state, judged=change.state, content_sha256=content_sha256(change.value, [])
        )
    post = await posts.lock_post(conn, case.post_id)
    number = case.revision or post.revision
    revision = await posts.get_revision_review(conn, post.id, number)
    # What was reported is judged as it was reported, and what was refused as it was refused.
    if number not in (post.revision, post.latest_revision) and case.kind not in ("report", "appeal"):
        raise CaseStale
    chain = await verdicts.get_chain(conn, case, revision.content_sha256)
    judged = post.state
    if number > post.revision and post.state == "published":
        judged = "rejected" if revision.refused else "pending"
    return JudgedSubject(
        post.state, judged, revision.content_sha256, revision.approved, *chain, unsigned=revision.unsigned
    )


async def _lock_comment(conn: Connection, case: Case, comment_id: int) -> JudgedSubject:
    comment = await comments.lock_comment(conn, comment_id)
    number = _number(case)
    revision = await comment_revisions.find_revision(conn, comment, number)
    content = content_sha256(comment.text, []) if revision is None else revision.content_sha256
    chain = await verdicts.get_chain(conn, case, content)
    if revision is None:
        return JudgedSubject(comment.state, comment.state, content, len(chain.approvers) >= chain.stages, *chain)
    if number not in (comment.revision, comment.latest_revision) and case.kind not in ("report", "appeal"):
        raise CaseStale
    judged = comment.state
    if number > comment.revision and comment.state == "published":
        judged = "rejected" if revision.refused else "pending"
    return JudgedSubject(comment.state, judged, content, revision.approved, *chain)


async def publish(conn: Connection, case: Case, subject: JudgedSubject) -> None:
    """Makes the subject visible, for a post in the revision of the case, unless something else holds it. Raises SignaturesMissing."""
    if subject.unsigned and not subject.approved:
        raise SignaturesMissing
    if case.comment_id is not None:
        if not subject.approved:
            await comment_revisions.mark_reviewed(conn, case.comment_id, _number(case), approved=True)
            await comment_revisions.show_revision(conn, case.comment_id, _number(case))
            await case_revisions.close_older(conn, case)
        if subject.is_newer:
            await changes.change_stats(conn, [Delta(case.post_id)] if case.post_id else [])
        await comments_shown.show_comment(conn, case.comment_id)
    elif case.post_id is not None:
        if case.revision is not None and not subject.approved:
            await posts.approve_revision(conn, case.post_id, case.revision)
            await post_media.show_revision(conn, case.post_id, case.revision)
            await case_revisions.close_older(conn, case)
        if subject.is_newer:
            await posts.list_under_topics(conn, [case.post_id])
            await changes.change_stats(conn, [Delta(case.post_id)])
        await posts_shown.show_post(conn, case.post_id)
        if not subject.approved:
            await add_entries(conn, [case.post_id])
    elif subject.state not in (None, "published"):
        await _change_profile(conn, case, "published")
    elif case.kind == "avatar" and case.account_id is not None:
        await avatars.remove_unused(conn, case.account_id, decided=case.id)


async def show_again(conn: Connection, case: Case, subject: JudgedSubject) -> None:
    """Shows what others saw before a verdict that is taken back.

    A newer revision that this verdict had refused waits again: taking a verdict back approves nothing. One that the machine check has
    blocked stays refused.
    """
    reopens = case.revision is not None and not subject.approved and case.machine.get("verdict") != "block"
    if case.comment_id is not None:
        if reopens and case.revision is not None:
            await comment_revisions.mark_reviewed(conn, case.comment_id, case.revision, approved=None)
        await comments_shown.show_comment(conn, case.comment_id)
    elif case.post_id is not None:
        if reopens and case.revision is not None:
            await posts.reopen_revision(conn, case.post_id, case.revision)
        await posts_shown.show_post(conn, case.post_id)
    else:
        await publish(conn, case, subject)


async def hide(conn: Connection, case: Case, subject: JudgedSubject, state: State) -> None:
    """Hides the subject; a revision that is not approved is refused. Refusing a newer one leaves what others see."""
    if case.comment_id is not None:
        if not subject.approved:
            await comment_revisions.mark_reviewed(conn, case.comment_id, _number(case), approved=False)
        if not (subject.is_newer and state == "rejected"):
            await comments_shown.hide_comment(conn, case.comment_id, state=state)
        return
    if case.post_id is None:
        await _change_profile(conn, case, state)
        return
    if case.revision is not None and not subject.approved:
        await posts.refuse_revision(conn, case.post_id, case.revision)
    if not (subject.is_newer and state == "rejected"):
        await posts_shown.hide_post(conn, case.post_id, state=state)


async def keep_waiting(conn: Connection, case: Case, subject: JudgedSubject) -> None:
    """Lets the subject wait for a further approval, or again for the one that was taken back."""
    if case.comment_id is not None:
        await _keep_comment_waiting(conn, case, case.comment_id, subject)
        return
    if case.post_id is None:
        await _change_profile(conn, case, "pending")
        return
    if case.revision is None:
        return
    await posts.reopen_revision(conn, case.post_id, case.revision)
    former = await posts.find_approved_before(conn, case.post_id, case.revision)
    if former is None:
        await posts_shown.hide_post(conn, case.post_id, state="pending")
    elif subject.state == "published" and not subject.is_newer:
        await post_media.show_revision(conn, case.post_id, former)
        await case_revisions.reopen_unjudged(conn, case, former)
        await posts.list_under_topics(conn, [case.post_id])
        await changes.change_stats(conn, [Delta(case.post_id)])


async def _keep_comment_waiting(conn: Connection, case: Case, comment_id: int, subject: JudgedSubject) -> None:
    await comment_revisions.mark_reviewed(conn, comment_id, _number(case), approved=None)
    comment = await comments.lock_comment(conn, comment_id)
    former = await comment_revisions.find_approved_before(conn, comment, _number(case))
    if former is None:
        await comments_shown.hide_comment(conn, comment_id, state="pending")
    elif subject.state == "published" and not subject.is_newer:
        await comment_revisions.show_revision(conn, comment_id, former)
        await case_revisions.reopen_unjudged(conn, case, former)
        await changes.change_stats(conn, [Delta(comment.post_id)])


def _number(case: Case) -> int:
    """The revision of a comment that the case is about; a case from before the first edit names none."""
    return case.revision or 1


async def _change_profile(conn: Connection, case: Case, state: State) -> None:
    """Applies a verdict to a field of a profile. Raises VerdictNotApplicable."""
    if case.account_id is None:
        return
    try:
        await apply_verdict(conn, case.id, await accounts.find_account(conn, case.account_id), state)
    except ChangeNotApplicable:
        raise VerdictNotApplicable from None
