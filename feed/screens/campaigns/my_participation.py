"""An account's participation in a campaign: shown and counted engagement, exclusions, eligibility and prize."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, cast, get_args

import msgspec

from feed.campaigns.entries import draw_entry_store
from feed.campaigns.entries.draw_entries import DrawEntry, one_per_person
from feed.campaigns.model import Rules
from feed.campaigns.rules.draft import read_rules
from feed.campaigns.scoring.disclosure import disclosed
from feed.campaigns.scoring.engagement import (
    EntryEngagement,
    ExclusionReason,
    PersonReason,
    count_engagement,
)
from feed.campaigns.scoring.score import score
from feed.campaigns.store import Campaign
from feed.postgres import Connection, many, one
from feed.prizes.model import WinnerState
from feed.reasons import DisqualificationReason, listed
from feed.screens.campaigns.leaderboard import Leaderboards, get_published, is_board_shown, rank_entries
from feed.screens.prizes.objections import MayObject, OwnObjection, get_may_object, list_of_person

Id = str
# `entered`: the entry competes; the others say why it does not.
EntryState = Literal[
    "entered",
    "pending",
    "rejected",
    "removed",
    "withdrawn",
    "disqualified",
    "topic_edited_out",
    "media_missing",
    "media_failed",
]


class Excluded(msgspec.Struct, frozen=True):
    """The number of likes or commenters that are not counted for a reason, of which small ones are one sum: `other`."""

    kind: Literal["like", "comment"]
    reason_code: ExclusionReason | Literal["other"]
    count: int


class MyEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the account: a post, a comment, or with neither id a like. `likes_shown` is `likes_counted` plus the excluded ones; likewise for commenters.

    In a draw engagement has no effect: `score` is null, and `rank` is the ticket's once the result is announced.
    """

    post_id: Id | None
    comment_id: Id | None
    state: EntryState
    disqualified_reason: DisqualificationReason | None
    likes_shown: int
    likes_counted: int
    comments_shown: int
    commenters_shown: int
    commenters_counted: int
    excluded: list[Excluded]
    score: str | None
    rank: int | None


class MyPrize(msgspec.Struct, frozen=True):
    """The account's prize in this campaign."""

    id: Id
    rank: int
    state: WinnerState
    prizes: list[dict[str, Any]]
    claim_ends_at: datetime


class Participation(msgspec.Struct, frozen=True):
    """An account's participation. `reasons`: why it cannot win. `objections`: those of the person to the results, newest first.

    `tickets`: in a draw 1 or 0, since a person has one at most, with any number of entries and accounts; else null.
    """

    entries: list[MyEntry]
    eligible: bool
    reasons: list[PersonReason]
    tickets: int | None
    prize: MyPrize | None
    objections: list[OwnObjection]
    may_object: MayObject


class SheetExclusion(msgspec.Struct, frozen=True):
    """An exclusion as the sheet has it, with its reason whatever the number."""

    kind: Literal["like", "comment"]
    reason_code: ExclusionReason
    count: int


class _SheetRow(msgspec.Struct, frozen=True):
    """An entry on the sheet of the settlement in force. `rank`: that of its ticket, once the result is announced."""

    entry_id: int
    eligible: bool
    rank: int | None
    likes_counted: int
    commenters_counted: int
    excluded: list[SheetExclusion]

    def engagement(self) -> EntryEngagement:
        likes = {each.reason_code: each.count for each in self.excluded if each.kind == "like"}
        commenters = {each.reason_code: each.count for each in self.excluded if each.kind == "comment"}
        return EntryEngagement(
            post_id=self.entry_id,
            likes=self.likes_counted,
            commenters=self.commenters_counted,
            likes_shown=self.likes_counted + sum(likes.values()),
            commenters_shown=self.commenters_counted + sum(commenters.values()),
            likes_excluded=likes,
            commenters_excluded=commenters,
            author_reason=None,
        )


class OwnEntry(msgspec.Struct, frozen=True):
    """An entry of the account, as it is read."""

    post_id: int
    post_state: str
    bears_topic: bool | None
    media_suffice: bool | None
    media_failed: bool
    disqualified_reason: str | None
    comment_count: int

    @property
    def published_reason(self) -> DisqualificationReason | None:
        """The reason of the disqualification; `other` for a code that is not listed any more."""
        reason = self.disqualified_reason
        return None if reason is None else cast(DisqualificationReason, listed(reason, DisqualificationReason))

    @property
    def state(self) -> EntryState:
        match self.post_state:
            case "deleted":
                return "withdrawn"
            case "pending" if self.media_failed:
                return "media_failed"
            case "pending" | "rejected" | "removed" as state:
                return state
        if self.disqualified_reason is not None:
            return "disqualified"
        if self.bears_topic is False:
            return "topic_edited_out"
        # A visible post has no unready media, but the judged revision may have had some.
        if self.media_suffice is False:
            return "media_failed" if self.media_failed else "media_missing"
        return "entered"


async def get_participation(leaderboards: Leaderboards, campaign_id: int, account_id: int) -> Participation:
    """The account's participation in a published campaign. Raises CampaignNotFound."""
    async with leaderboards.pool.acquire() as conn:
        campaign = await get_published(conn, campaign_id)
        rules, _ = read_rules(campaign.draft, publishing=True)
        if rules.entry_by != "post":
            return await _get_draw_participation(conn, campaign, account_id)
        own = await list_own(conn, campaign_id, account_id)
        post_ids = [entry.post_id for entry in own]
        # A frozen sheet is what is judged: later changes do not count.
        on_sheet = [] if campaign.frozen_at is None else post_ids
        sheet_rows = await _list_sheet_rows(conn, campaign_id, on_sheet) if on_sheet else []
        engagement = await _read_engagement(conn, campaign_id, post_ids, sheet_rows)
        reasons = await list_reasons(conn, campaign_id, account_id)
        prize = await _find_prize(conn, campaign_id, account_id)
        objections = await _list_objections(conn, campaign, account_id)
        may_object = await get_may_object(conn, campaign_id, account_id)
    is_drawn = rules.method == "draw"
    competes = any(entry.state == "entered" for entry in own)
    rows = await leaderboards.list(campaign) if is_board_shown(campaign) and competes else []
    if is_drawn:
        ranks = {row.entry_id: row.rank for row in sheet_rows if row.rank is not None}
    else:
        ranks = {entry.post_id: entry.rank for entry in rank_entries(rows, rules)}
    quality = {row.post_id: row.quality for row in rows}
    return Participation(
        entries=[
            _entry(
                entry,
                engagement[entry.post_id],
                rules,
                quality.get(entry.post_id),
                ranks.get(entry.post_id),
                announced=campaign.announced_at is not None,
            )
            for entry in own
            if entry.post_id in engagement
        ],
        eligible=not reasons,
        reasons=reasons,
        tickets=_ticket_count(sheet_rows, would_be=competes and not reasons) if is_drawn else None,
        prize=prize,
        objections=objections,
        may_object=may_object,
    )


async def _get_draw_participation(conn: Connection, campaign: Campaign, account_id: int) -> Participation:
    """The participation in a draw by comment or like. A person's entries decide about the ticket, whichever account made them."""
    of_person = await draw_entry_store.list_entries_of(conn, campaign.id, account_id)
    counted = one_per_person(of_person)
    own = one_per_person(each for each in of_person if each.account_id == account_id)
    entry_ids = [each.comment_id or each.account_id for each in of_person]
    sheet_rows = [] if campaign.frozen_at is None else await _list_sheet_rows(conn, campaign.id, entry_ids)
    would_be = any(each.reason is None and not each.waits for each in counted)
    about_person = {each.reason for each in counted}
    about_person.update(await list_reasons(conn, campaign.id, account_id))
    reasons = [reason for reason in get_args(PersonReason) if reason in about_person]
    rank = next((row.rank for row in sheet_rows if row.rank is not None), None)
    return Participation(
        entries=[_draw_entry(each, rank) for each in own],
        eligible=not reasons,
        reasons=[*reasons],
        tickets=int(would_be) if campaign.frozen_at is None else _ticket_count(sheet_rows, would_be=False),
        prize=await _find_prize(conn, campaign.id, account_id),
        objections=await _list_objections(conn, campaign, account_id),
        may_object=await get_may_object(conn, campaign.id, account_id),
    )


def _draw_entry(entry: DrawEntry, rank: int | None) -> MyEntry:
    state: EntryState = "pending" if entry.waits else "entered"
    if entry.reason in ("withdrawn", "removed", "rejected"):
        state = msgspec.convert(entry.reason, EntryState)
    return MyEntry(
        post_id=None,
        comment_id=None if entry.comment_id is None else str(entry.comment_id),
        state=state,
        disqualified_reason=None,
        likes_shown=0,
        likes_counted=0,
        comments_shown=0,
        commenters_shown=0,
        commenters_counted=0,
        excluded=[],
        score=None,
        rank=rank,
    )


async def _read_engagement(
    conn: Connection, campaign_id: int, post_ids: Sequence[int], sheet_rows: Sequence[_SheetRow]
) -> dict[int, EntryEngagement]:
    """By post id: from the sheet, or counted now for entries that are not on it."""
    engagement = {row.entry_id: row.engagement() for row in sheet_rows}
    if uncounted := [post_id for post_id in post_ids if post_id not in engagement]:
        engagement |= {each.post_id: each for each in await count_engagement(conn, campaign_id, uncounted)}
    return engagement


def _ticket_count(sheet_rows: Sequence[_SheetRow], *, would_be: bool) -> int:
    """1 or 0: by the sheet, or before the freeze as it would be now."""
    return int(any(row.eligible for row in sheet_rows) if sheet_rows else would_be)


def _entry(
    own: OwnEntry,
    counted: EntryEngagement,
    rules: Rules,
    quality: Decimal | None,
    rank: int | None,
    *,
    announced: bool,
) -> MyEntry:
    # `quality` comes from the leaderboard: an author does not see it here before it is public there.
    total = score(quality or Decimal(0), counted.likes, counted.commenters, rules.weights, rules.caps).total
    is_drawn = rules.method == "draw"
    return MyEntry(
        post_id=str(own.post_id),
        comment_id=None,
        state=own.state,
        disqualified_reason=own.published_reason,
        likes_shown=counted.likes_shown,
        likes_counted=counted.likes,
        comments_shown=own.comment_count,
        commenters_shown=counted.commenters_shown,
        commenters_counted=counted.commenters,
        excluded=[
            *_excluded("like", counted.likes_excluded, announced=announced),
            *_excluded("comment", counted.commenters_excluded, announced=announced),
        ],
        score=None if is_drawn else f"{total:f}",
        rank=rank if is_drawn or own.state == "entered" else None,
    )


def _excluded(
    kind: Literal["like", "comment"], counts: Mapping[ExclusionReason, int], *, announced: bool
) -> list[Excluded]:
    shown = disclosed({str(reason): count for reason, count in counts.items()}, announced=announced)
    return [
        msgspec.convert({"kind": kind, "reason_code": reason, "count": count}, Excluded)
        for reason, count in shown.items()
    ]


async def list_own(conn: Connection, campaign_id: int, account_id: int) -> list[OwnEntry]:
    """The account's entries in the order of their entry."""
    rows = await conn.fetch(
        """
        SELECT entries.post_id, entry_state(posts.state, posts.holds) AS post_state, judged.bears_topic,
            judged.media_suffice, coalesce(unready.failed_ids && coalesce(held.media_ids, judged.media_ids), false) AS media_failed,
            entries.disqualified_reason, stats.comment_count
        FROM entries
        JOIN posts ON posts.id = entries.post_id
        JOIN post_stats AS stats ON stats.post_id = entries.post_id
        LEFT JOIN judged_revisions AS judged
            ON judged.campaign_id = entries.campaign_id AND judged.post_id = entries.post_id
        LEFT JOIN unready_media_of_entries AS unready
            ON unready.campaign_id = entries.campaign_id AND unready.post_id = entries.post_id
        LEFT JOIN post_revisions AS held
            ON posts.holds & 32 <> 0 AND held.post_id = posts.id AND held.revision = posts.revision
        WHERE entries.campaign_id = $1 AND entries.author_id = $2
        ORDER BY entries.entered_at, entries.post_id
        """,
        campaign_id,
        account_id,
    )
    return many(rows, OwnEntry)


async def _list_sheet_rows(conn: Connection, campaign_id: int, entry_ids: Sequence[int]) -> list[_SheetRow]:
    rows = await conn.fetch(
        """
        SELECT sheet_rows.entry_id, eligible, CASE WHEN campaigns.announced_at IS NOT NULL THEN sheet_rows.rank END AS rank,
            likes_counted, commenters_counted, excluded
        FROM campaigns
        JOIN settlements ON settlements.campaign_id = campaigns.id AND settlements.undone_at IS NULL
        JOIN sheet_rows ON sheet_rows.settlement_id = settlements.id AND sheet_rows.entry_id = ANY ($2::bigint[])
        WHERE campaigns.id = $1
        """,
        campaign_id,
        entry_ids,
    )
    return many(rows, _SheetRow)


async def list_reasons(conn: Connection, campaign_id: int, account_id: int) -> list[PersonReason]:
    """The reasons why the person cannot win, in the order of the rules; a flag of one account holds for all of the person's."""
    rows = await conn.fetch(
        """
        WITH self AS (
            SELECT not_verified, too_new FROM campaign_accounts WHERE campaign_id = $1 AND account_id = $2
        )
        SELECT found.reason::text
        FROM (
            SELECT 'not_verified'::exclusion_reason AS reason FROM self WHERE not_verified
            UNION
            SELECT reason
            FROM campaign_flags
            WHERE campaign_id = $1 AND liked IS NULL
                AND account_id = ANY (ARRAY(SELECT same_id FROM same_person_accounts WHERE same_person_accounts.account_id = $2))
            UNION
            SELECT 'too_new' FROM self WHERE too_new
        ) AS found
        ORDER BY found.reason
        """,
        campaign_id,
        account_id,
    )
    return [row["reason"] for row in rows]


async def _list_objections(conn: Connection, campaign: Campaign, account_id: int) -> list[OwnObjection]:
    # A campaign whose result is not computed yet has no objections; one whose result was undone may have some.
    return [] if campaign.state == "scheduled" else await list_of_person(conn, campaign.id, account_id)


async def _find_prize(conn: Connection, campaign_id: int, account_id: int) -> MyPrize | None:
    row = await conn.fetchrow(
        """
        SELECT winners.id::text, winners.rank, winners.state, winners.prizes, winners.claim_ends_at
        FROM winners JOIN settlements ON settlements.id = winners.settlement_id AND settlements.undone_at IS NULL
        WHERE winners.campaign_id = $1 AND winners.account_id = $2 AND winners.notified_at IS NOT NULL
        ORDER BY winners.id DESC
        LIMIT 1
        """,
        campaign_id,
        account_id,
    )
    return one(row, MyPrize)
