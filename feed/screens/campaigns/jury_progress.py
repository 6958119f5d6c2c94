"""The progress of a jury. Until marks are locked, only their number is shown, never a mark."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.campaigns import store as campaigns
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.jury import mark_store, recusal_store
from feed.campaigns.jury import store as jury
from feed.campaigns.jury.mark_store import Mark
from feed.campaigns.jury.quorum import Quorum
from feed.campaigns.model import Criterion
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.scoring.engagement import quality_of
from feed.postgres import Connection

Id = str


class JurorProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A juror, or an editor who has marked where no jurors are named.

    `needed`: the shortlisted entries without a conflict of this juror; null without a shortlist. `marked`: the marked ones of
    the shortlist, or of all entries without one.
    """

    id: Id
    name: str
    assigned_at: datetime | None
    marked: int
    needed: int | None
    recused: int


class GivenMark(msgspec.Struct, frozen=True, kw_only=True):
    """A mark, shown once marks are locked."""

    user_id: Id
    score: str
    scores: dict[str, str] | None
    note: str | None
    revision: int | None
    marked_at: datetime


class EntryProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A shortlisted entry. `quality` and `given` are null until the marks are locked."""

    post_id: Id
    marks: int
    needed: int
    recused: int
    complete: bool
    quality: str | None
    given: list[GivenMark] | None


class Recused(msgspec.Struct, frozen=True, kw_only=True):
    """A declared conflict of interest: the juror must not mark this author's entries."""

    user_id: Id
    author_id: Id
    post_id: Id
    reason: str
    declared_at: datetime


class JuryProgress(msgspec.Struct, frozen=True, kw_only=True):
    """The jurors' progress, and the shortlisted entries with their numbers of marks."""

    campaign_id: Id
    locked: bool
    complete: bool
    quorum: int | None
    criteria: list[Criterion]
    jurors: list[JurorProgress]
    entries: list[EntryProgress]
    recusals: list[Recused]


async def get_jury(conn: Connection, campaign_id: int) -> JuryProgress:
    """The jury's progress, for editors. Raises CampaignNotFound."""
    campaign = await campaigns.find_campaign(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    rules, _ = read_rules(campaign.draft, publishing=False)
    # A frozen sheet accepts no more marks, even if they were not locked explicitly.
    locked = campaign.marks_locked_at is not None or campaign.frozen_at is not None
    named = await jury.list_jurors(conn, campaign_id)
    quorum = Quorum(len(named), rules.quorum)
    marks: dict[int, list[Mark]] = defaultdict(list)
    for mark in await mark_store.list_marks(conn, campaign_id):
        marks[mark.post_id].append(mark)
    to_mark = set(await mark_store.list_entries_to_mark(conn, campaign_id))
    entries = [
        EntryProgress(
            post_id=str(each.post_id),
            marks=each.marks,
            needed=quorum.marks_needed(each.recused),
            recused=each.recused,
            complete=not quorum.is_short(each),
            quality=f"{quality_of([mark.score for mark in marks[each.post_id]]):f}" if locked else None,
            given=[_given_mark(mark) for mark in marks[each.post_id]] if locked else None,
        )
        for each in await recusal_store.list_tallies(conn, campaign_id)
        if each.post_id in to_mark
    ]
    return JuryProgress(
        campaign_id=str(campaign_id),
        locked=locked,
        complete=all(entry.complete for entry in entries),
        quorum=rules.quorum,
        criteria=list(rules.criteria),
        jurors=await _list_jurors(conn, campaign_id, named, marks, to_mark),
        entries=entries,
        recusals=[
            Recused(
                user_id=str(each.juror_id),
                author_id=str(each.author_id),
                post_id=str(each.post_id),
                reason=each.reason,
                declared_at=each.declared_at,
            )
            for each in await recusal_store.list_recusals(conn, campaign_id)
        ],
    )


async def _list_jurors(
    conn: Connection, campaign_id: int, named: Sequence[jury.Juror], marks: dict[int, list[Mark]], to_mark: set[int]
) -> list[JurorProgress]:
    mark_counts = Counter(
        mark.juror_id for post_id, given in marks.items() for mark in given if not to_mark or post_id in to_mark
    )
    jurors = named or await jury.list_jurors_with_marks(conn, campaign_id)
    conflicts = await recusal_store.list_in_conflict(conn, campaign_id, [each.account_id for each in jurors])
    recused = {account_id: to_mark.intersection(post_ids) for account_id, post_ids in conflicts.items()}
    return [
        JurorProgress(
            id=str(each.account_id),
            name=each.name,
            assigned_at=each.assigned_at if named else None,
            marked=mark_counts[each.account_id],
            needed=len(to_mark) - len(recused[each.account_id]) if named and to_mark else None,
            recused=len(recused[each.account_id]),
        )
        for each in jurors
    ]


def _given_mark(mark: Mark) -> GivenMark:
    return GivenMark(
        user_id=str(mark.juror_id),
        score=f"{mark.score:f}",
        scores=mark.scores,
        note=mark.note,
        revision=mark.revision,
        marked_at=mark.marked_at,
    )
