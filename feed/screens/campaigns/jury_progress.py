"""How far a jury is. Marks are blind: until they are locked there are numbers of marks here and no mark."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.campaigns import store as campaigns
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.jury import mark_store as marks
from feed.campaigns.jury import recusal_store as recusals
from feed.campaigns.jury import store as jury
from feed.campaigns.jury.mark_store import Mark
from feed.campaigns.jury.quorum import Quorum
from feed.campaigns.model import Criterion
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.scoring.engagement import quality_of
from feed.postgres import Connection

Id = str


class JurorProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A juror, or an editor who marks because nobody is named.

    `needed` of the entries must be marked and can be by this one; null without a shortlist. `marked` counts those, or all.
    """

    id: Id
    name: str
    assigned_at: datetime | None
    marked: int
    needed: int | None
    recused: int


class GivenMark(msgspec.Struct, frozen=True, kw_only=True):
    """A mark, once it may be seen."""

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
    """A declared conflict: the juror marks no entry of this author's."""

    user_id: Id
    author_id: Id
    post_id: Id
    reason: str
    declared_at: datetime


class JuryProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Who has marked how much, and which entries lack marks."""

    campaign_id: Id
    locked: bool
    complete: bool
    quorum: int | None
    criteria: list[Criterion]
    jurors: list[JurorProgress]
    entries: list[EntryProgress]
    recusals: list[Recused]


async def get_jury(conn: Connection, campaign_id: int) -> JuryProgress:
    """For editors. Raises CampaignNotFound."""
    campaign = await campaigns.find_campaign(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    rules, _ = read_rules(campaign.draft, publishing=False)
    # A frozen sheet takes no mark any more, whether somebody has locked them before or not.
    locked = campaign.marks_locked_at is not None or campaign.frozen_at is not None
    named = await jury.list_jurors(conn, campaign_id)
    quorum = Quorum(len(named), rules.quorum)
    given: dict[int, list[Mark]] = defaultdict(list)
    for mark in await marks.list_marks(conn, campaign_id):
        given[mark.post_id].append(mark)
    competing = set(await marks.list_entries_to_mark(conn, campaign_id))
    entries = [
        EntryProgress(
            post_id=str(each.post_id),
            marks=each.marks,
            needed=quorum.marks_needed(each.recused),
            recused=each.recused,
            complete=not quorum.is_short(each),
            quality=f"{quality_of([mark.score for mark in given[each.post_id]]):f}" if locked else None,
            given=[_given(mark) for mark in given[each.post_id]] if locked else None,
        )
        for each in await recusals.list_tallies(conn, campaign_id)
        if each.post_id in competing
    ]
    return JuryProgress(
        campaign_id=str(campaign_id),
        locked=locked,
        complete=all(entry.complete for entry in entries),
        quorum=rules.quorum,
        criteria=list(rules.criteria),
        jurors=await _list_jurors(conn, campaign_id, named, given, competing),
        entries=entries,
        recusals=[
            Recused(
                user_id=str(each.juror_id),
                author_id=str(each.author_id),
                post_id=str(each.post_id),
                reason=each.reason,
                declared_at=each.declared_at,
            )
            for each in await recusals.list_recusals(conn, campaign_id)
        ],
    )


async def _list_jurors(
    conn: Connection, campaign_id: int, named: Sequence[jury.Juror], given: dict[int, list[Mark]], competing: set[int]
) -> list[JurorProgress]:
    done = Counter(
        mark.juror_id for post_id, those in given.items() for mark in those if not competing or post_id in competing
    )
    people = named or await jury.list_jurors_with_marks(conn, campaign_id)
    conflicts = await recusals.list_in_conflict(conn, campaign_id, [each.account_id for each in people])
    barred = {account_id: competing.intersection(post_ids) for account_id, post_ids in conflicts.items()}
    return [
        JurorProgress(
            id=str(each.account_id),
            name=each.name,
            assigned_at=each.assigned_at if named else None,
            marked=done[each.account_id],
            needed=len(competing) - len(barred[each.account_id]) if named and competing else None,
            recused=len(barred[each.account_id]),
        )
        for each in people
    ]


def _given(mark: Mark) -> GivenMark:
    return GivenMark(
        user_id=str(mark.juror_id),
        score=f"{mark.score:f}",
        scores=mark.scores,
        note=mark.note,
        revision=mark.revision,
        marked_at=mark.marked_at,
    )
