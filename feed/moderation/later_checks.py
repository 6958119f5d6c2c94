"""The checks that follow the publication of a text: homophones, repeats, a provider. They hold a text for review at most.

Each works on one case in one transaction, and finds out under its locks whether its result still concerns what is shown.
"""

import asyncio
from collections.abc import Sequence

import structlog

from feed.cases import layer_store
from feed.cases.holds import Hold
from feed.cases.layer_store import CheckedCase
from feed.changes import store as changes
from feed.comments import hide_show as comment_visibility
from feed.comments import store as comments
from feed.moderation import later_check_store as texts
from feed.postgres import Connection, Pool, transaction
from feed.posts import hide_show as post_visibility
from feed.posts import store as posts
from feed.screening import later_store as store
from feed.screening import words_store
from feed.screening.fingerprints import SIMILAR_LEAST, Fingerprint, fingerprint_of, is_similar
from feed.screening.forms import form_of
from feed.screening.later_store import ATTEMPTS_MOST
from feed.screening.merging import merged, stored_result
from feed.screening.model import LOCAL, Label
from feed.screening.pinyin_list import PinyinList
from feed.screening.provider import ContentProvider, NotAnswered

_AT_ONCE = 20
# So many texts of a person, or persons with nearly the same text, within a day.
REPEATS_MOST = 3

log = structlog.get_logger("feed.screening")


class LaterChecks:
    """What the later checks work with: the sounds of the list in force, and the provider, if there is one.

    `fails_closed`: a text that the provider does not answer about is hidden until a reviewer has seen it.
    """

    def __init__(self, provider: ContentProvider | None = None, *, fails_closed: bool = False) -> None:
        self.provider = provider
        self.fails_closed = fails_closed
        self._sounds = PinyinList((), version=-1)

    async def sounds(self, conn: Connection) -> PinyinList:
        """The sounds of the list in force."""
        version = await words_store.get_version(conn)
        if version != self._sounds.version:
            words = await words_store.list_words(conn, version)
            self._sounds = await asyncio.to_thread(PinyinList, words, version=version)
        return self._sounds


async def check_next_texts(pool: Pool, later: LaterChecks) -> bool:
    """Looks at the texts of new cases. Returns whether there may be more."""
    async with pool.acquire() as conn:
        unchecked = await layer_store.list_unchecked(conn, _AT_ONCE)
        if not unchecked:
            return False
        found = await texts.list_texts(conn, [case.id for case in unchecked])
        sounds = await later.sounds(conn)
    looked_at = await asyncio.to_thread(_look_at, [found.get(case.id, "") for case in unchecked], sounds)
    for case, (text, labels, fingerprint) in zip(unchecked, looked_at, strict=True):
        async with transaction(pool) as conn:
            await _apply_local(conn, case, text, labels, fingerprint, later, sounds.version)
    return len(unchecked) == _AT_ONCE


async def ask_provider(pool: Pool, later: LaterChecks) -> bool:
    """Asks the provider about the next text. Returns whether there was one."""
    if later.provider is None:
        return False
    async with transaction(pool) as conn:
        check = await store.take_next(conn)
        if check is None:
            return False
        case = await layer_store.find_checked(conn, check.case_id)
        text = (await texts.list_texts(conn, [check.case_id])).get(check.case_id)
    if case is None or case.state != "open" or text is None:
        async with transaction(pool) as conn:
            await store.mark_ended(conn, check.case_id, state="given_up")
        return True
    try:
        answer = await later.provider.check(text, str(case.id))
    except NotAnswered as error:
        log.warning("content provider", code=str(error), attempts=check.attempts)
        if check.attempts >= ATTEMPTS_MOST:
            await _give_up(pool, case, text, later)
        return True
    async with transaction(pool) as conn:
        await apply_answer(conn, case, answer.request_id, answer.labels, provider=later.provider.name)
    return True


async def apply_answer(
    conn: Connection, case: CheckedCase, request_id: str, labels: Sequence[Label], *, provider: str
) -> bool:
    """Applies a provider's answer once. False for a repeated one, and where it came too late to change anything.

    A decision of a reviewer, a newer revision and a deletion stay as they are, whatever the answer says.
    """
    await changes.lock_stats(conn, [case.post_id])
    if not await store.mark_ended(
        conn,
        case.id,
        state="answered",
        request_id=request_id,
        result=[label_of(each) for each in labels],
    ):
        return False
    return await _hold(conn, case.id, list(labels), provider=provider, list_version=0)


def label_of(label: Label) -> dict[str, str | int]:
    """The hit as it is stored with the answer of a provider: without words of the text, which stay with the case alone."""
    return {name: getattr(label, name) for name in label.__struct_fields__ if name != "term"}


def _look_at(found: Sequence[str], sounds: PinyinList) -> list[tuple[str, list[Label], Fingerprint | None]]:
    """Blocking work: for a thread."""
    return [(text, sounds.find(text), fingerprint_of(form_of(text))) for text in found]


async def _apply_local(
    conn: Connection,
    case: CheckedCase,
    text: str,
    labels: Sequence[Label],
    fingerprint: Fingerprint | None,
    later: LaterChecks,
    list_version: int,
) -> None:
    await changes.lock_stats(conn, [case.post_id])
    if not await layer_store.mark_checked(conn, case.id):
        return
    found = list(labels)
    if fingerprint is not None:
        if (repeat := await _find_repeat(conn, case, text, fingerprint)) is not None:
            found.append(repeat)
        await store.add_fingerprint(conn, case.id, case.author_id, fingerprint)
    if later.provider is not None and text:
        await store.add_provider_check(conn, case.id)
    if found:
        await _hold(conn, case.id, found, provider=LOCAL, list_version=list_version)


async def _find_repeat(conn: Connection, case: CheckedCase, text: str, fingerprint: Fingerprint) -> Label | None:
    """The hit of a text that a person has sent several times within a day, or that several persons send."""
    known = await store.list_similar(conn, case.id, fingerprint)
    compares = len(form_of(text)) >= SIMILAR_LEAST
    alike = [
        each
        for each in known
        if each.exact == fingerprint.exact or (compares and is_similar(each.simhash, fingerprint.simhash))
    ]
    if not alike:
        return None
    persons = await texts.list_persons(conn, [case.author_id, *(each.account_id for each in alike)])
    own = persons.get(case.author_id)
    by_same = sum(persons.get(each.account_id) == own for each in alike)
    others = {persons.get(each.account_id) for each in alike} - {own}
    if by_same >= REPEATS_MOST - 1:
        return Label("spam", "review", "repeated", 0, len(text), "repeats")
    # A short text that many send is a greeting.
    if compares and len(others) >= REPEATS_MOST - 1:
        return Label("spam", "review", "similar", 0, len(text), "repeats")
    return None


async def _hold(conn: Connection, case_id: int, labels: list[Label], *, provider: str, list_version: int) -> bool:
    """Adds the hits to the case's result, and hides its text until a reviewer has seen it. False if nothing is open any more."""
    case = await layer_store.lock_checked(conn, case_id)
    if case is None or case.state != "open" or not labels or not await _is_shown(conn, case):
        return False
    result = merged(stored_result(case.machine), labels, provider=provider, list_version=list_version)
    await layer_store.change_machine(conn, case.id, result.stored(), result.risk)
    # What waits for approvals is not visible anyway.
    if case.stages == 0:
        await _add_hold(conn, case)
    return True


async def _is_shown(conn: Connection, case: CheckedCase) -> bool:
    """Whether the case's revision is shown or the newest of its text, which its author has not deleted."""
    if case.comment_id is not None:
        comment = await comments.find_comment(conn, case.comment_id)
        return (
            comment is not None
            and comment.state != "deleted"
            and (case.revision or 1) in (comment.revision, comment.latest_revision)
        )
    post = await posts.find_post(conn, case.post_id)
    # Another edit that waits hides nothing of what is shown meanwhile.
    return post is not None and post.state != "deleted" and case.revision in (post.revision, post.latest_revision)


async def _add_hold(conn: Connection, case: CheckedCase) -> None:
    if case.comment_id is not None:
        await comment_visibility.change_holds(conn, case.comment_id, add=Hold.MACHINE)
    else:
        await post_visibility.change_holds(conn, case.post_id, add=Hold.MACHINE)


async def _give_up(pool: Pool, case: CheckedCase, text: str, later: LaterChecks) -> None:
    """Leaves the text to the reviewers, whose queue it is in; hides it meanwhile if the site wants that."""
    assert later.provider is not None
    async with transaction(pool) as conn:
        await changes.lock_stats(conn, [case.post_id])
        if await store.mark_ended(conn, case.id, state="given_up") and later.fails_closed:
            label = Label("other", "review", "unanswered", 0, len(text), "provider")
            await _hold(conn, case.id, [label], provider=later.provider.name, list_version=0)
