"""Campaigns and their rules on the wire: published ones for all viewers, all of them for editors."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from feed.campaigns.errors import CampaignNotFound, RulesNotFound
from feed.campaigns.jury import store as jury
from feed.campaigns.model import (
    BEACONS,
    BOARDS,
    ENTRY_WAYS,
    METHODS,
    STATES,
    TAX_BEARERS,
    TIE_BREAKS,
    UNCLAIMED,
    WAIT_KINDS,
    Caps,
    Criterion,
    Delivery,
    Eligibility,
    Prize,
    ReviewChain,
    State,
    WaitKind,
    Weights,
)
from feed.campaigns.rules.draft import content_sha256, draft_fields, read_rules
from feed.decoding.decoder import convert
from feed.media.addresses import MediaAddresses
from feed.postgres import Connection, many
from feed.screens.campaigns.pictures import Pictures, list_pictures
from feed.screens.media.cards import MediaCard
from feed.signoffs.model import Credit
from feed.texts import among

Id = str


_BEFORE_END = ("draft", "scheduled", "open")
# States of a published campaign before the announcement.
_WITHOUT_RESULT = ("scheduled", "open", "closed", "judging", "decided")


class CampaignPrize(Prize, frozen=True, kw_only=True):
    """A prize and its picture."""

    image: MediaCard | None = None


class CampaignCard(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign and its rules. Members of a draft that are not written yet are null."""

    id: Id
    state: State
    title: str | None
    topic: str | None
    body: str
    notes: str | None
    cover_media_id: Id | None
    cover: MediaCard | None
    announcement_post_id: Id | None
    starts_at: datetime | None
    ends_at: datetime | None
    settle_at: datetime | None
    objection_days: int
    method: Annotated[str, among(METHODS)] | None
    winner_count: int | None
    reserve_count: int
    shortlist_size: int | None
    prizes: list[CampaignPrize]
    weights: Weights
    caps: Caps
    tie_break: list[Annotated[str, among(TIE_BREAKS)]]
    claim_days: int
    claim_ends_at: datetime | None
    unclaimed: Annotated[str, among(UNCLAIMED)]
    organiser: str
    contact: str
    board: Annotated[str, among(BOARDS)]
    review_chain: ReviewChain | None
    eligibility: Eligibility
    beacon: str | None
    beacon_order: list[Annotated[str, among(BEACONS)]]
    beacon_wait_hours: int
    criteria: list[Criterion]
    quorum: int | None
    delivery: Delivery
    tax_borne_by: Annotated[str, among(TAX_BEARERS)]
    entry_by: Annotated[str, among(ENTRY_WAYS)]
    licence: str | None
    # The clause as it was published; null in a draft.
    licence_text: str | None
    shares_topic: bool
    # Empty in a draft, and where the site asks for no signatures.
    credits: list[Credit]
    # Set by the publication to what the site has then; null in a draft.
    claims_kept_days: int | None
    claims_kept_at_most_days: int | None
    rules_version: int | None
    rules_sha256: str | None
    entry_count: int
    published_at: datetime | None
    marks_locked_at: datetime | None
    announced_at: datetime | None
    # When the rules say that the result is announced at the latest, and whether that has passed without a result.
    result_due_at: datetime | None
    result_overdue: bool
    # What the settlement waits for, in kinds: which posts and whose marks is for editors (`blocked_by`).
    waits_for: list[WaitKind]
    objections_end_at: datetime | None
    # Set for a campaign that was cancelled after its opening.
    cancel_reason: str | None


class JurorCard(msgspec.Struct, frozen=True):
    """A juror."""

    id: Id
    name: str


class EditorCampaignCard(CampaignCard, frozen=True, kw_only=True):
    """A campaign with the members that only editors see."""

    content_sha256: str
    created_by: Id
    created_at: datetime
    jurors: list[JurorCard]
    shortlisted_count: int
    blocked_by: list[dict[str, Any]]
    frozen_at: datetime | None
    settled_at: datetime | None
    announced_first_by: Id | None
    cancelled_at: datetime | None
    cancel_asked_by: Id | None
    # The reason that the second person agrees to by confirming.
    cancel_asked_reason: str | None


class RulesCard(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the rules: the published text, and the data that it was generated from."""

    campaign_id: Id
    version: int
    text: str
    rules: dict[str, Any]
    rules_sha256: str
    created_at: datetime


class CampaignRow(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign; `state` is computed with the database clock, which was at `now`."""

    id: int
    now: datetime
    state: State
    draft: dict[str, Any]
    rules_version: int | None
    rules_sha256: str | None
    settle_at: datetime | None
    marks_locked_at: datetime | None
    published_at: datetime | None
    announced_at: datetime | None
    objections_end_at: datetime | None
    entry_count: int
    shortlisted_count: int
    created_by: str
    created_at: datetime
    blocked_by: list[dict[str, Any]]
    frozen_at: datetime | None
    settled_at: datetime | None
    announced_first_by: str | None
    cancelled_at: datetime | None
    cancel_asked_reason: str | None
    cancel_asked_by: str | None


def states_of(state: State | None, *, ended: bool = False) -> Sequence[State]:
    """The states that a list's `state` parameter selects; None selects all. `ended`: only those after the end."""
    selected = STATES if state is None else [state]
    return [each for each in selected if each not in _BEFORE_END] if ended else selected


async def list_rows(
    conn: Connection,
    *,
    states: Sequence[str],
    drafts: bool,
    last_id: int,
    limit: int,
    among: Collection[int] | None = None,
) -> list[CampaignRow]:
    """Campaigns in one of the states up to `last_id`, the newest first; unpublished ones only with `drafts`, and with `among`
    only those with these ids."""
    rows = await conn.fetch(
        """
        SELECT clock_timestamp() AS now, served.*, counted.entry_count, counted.shortlisted_count
        FROM (
            SELECT campaigns.id, campaigns.entry_by, campaigns.entry_post_id, coalesce(rules.rules, draft) AS draft, rules_version, rules_sha256, settle_at, marks_locked_at, published_at,
                announced_at, objections_end_at, campaigns.created_by::text, campaigns.created_at, blocked_by, frozen_at,
                settled_at, cancelled_at, cancellations.reason AS cancel_asked_reason,
                cancellations.asked_by::text AS cancel_asked_by,
                CASE WHEN announced_by IS NOT NULL THEN announced_first_by ELSE (
                    SELECT account_id FROM approvals_in_force
                    WHERE act = 'announce' AND subject_id = campaigns.id
                    ORDER BY given_at, account_id
                    LIMIT 1
                ) END::text AS announced_first_by,
                CASE
                    WHEN state = 'scheduled' AND clock_timestamp() >= ends_at THEN 'closed'
                    WHEN state = 'scheduled' AND clock_timestamp() >= starts_at THEN 'open'
                    ELSE state
                END AS state
            FROM campaigns
            LEFT JOIN campaign_rules AS rules
                ON rules.campaign_id = campaigns.id AND rules.version = campaigns.rules_version
            LEFT JOIN cancellations ON cancellations.campaign_id = campaigns.id AND (
                cancellations.agreed_by IS NOT NULL
                OR EXISTS (
                    SELECT FROM approvals_in_force
                    WHERE act = 'cancel' AND subject_id = campaigns.id AND account_id = cancellations.asked_by
                )
            )
            WHERE ($2 OR published_at IS NOT NULL) AND campaigns.id <= $3 AND ($5::bigint[] IS NULL OR campaigns.id = ANY ($5::bigint[]))
        ) AS served
        CROSS JOIN LATERAL (
            SELECT CASE
                    WHEN served.entry_by = 'post' THEN count(*) FILTER (WHERE disqualified_at IS NULL)
                    -- Of a frozen list the tickets: what is liked and written afterwards does not enter.
                    ELSE coalesce(
                        (
                            SELECT draws.ticket_count
                            FROM settlements JOIN draws ON draws.settlement_id = settlements.id
                            WHERE settlements.campaign_id = served.id AND settlements.undone_at IS NULL
                        ),
                        (
                            SELECT CASE served.entry_by WHEN 'like' THEN like_count ELSE comment_count END
                            FROM post_stats WHERE post_stats.post_id = served.entry_post_id
                        )
                    )
                END AS entry_count,
                count(shortlisted_at) AS shortlisted_count
            FROM entries WHERE entries.campaign_id = served.id
        ) AS counted
        WHERE served.state = ANY($1::text[])
        ORDER BY served.id DESC
        LIMIT $4
        """,
        states,
        drafts,
        last_id,
        limit,
        among,
    )
    return many(rows, CampaignRow)


async def get_row(conn: Connection, campaign_id: int, *, drafts: bool) -> CampaignRow:
    """One campaign. Raises CampaignNotFound, without `drafts` for an unpublished one too."""
    rows = await list_rows(conn, states=STATES, drafts=drafts, last_id=campaign_id, limit=1)
    if not rows or rows[0].id != campaign_id:
        raise CampaignNotFound
    return rows[0]


async def get_campaign(conn: Connection, campaign_id: int, addresses: MediaAddresses) -> CampaignCard:
    """A published campaign. Raises CampaignNotFound."""
    row = await get_row(conn, campaign_id, drafts=False)
    return card(row, await list_pictures(conn, [row], addresses))


async def get_campaign_for_editors(conn: Connection, campaign_id: int, addresses: MediaAddresses) -> EditorCampaignCard:
    """A campaign in any state, with its jurors. Raises CampaignNotFound."""
    row = await get_row(conn, campaign_id, drafts=True)
    pictures = await list_pictures(conn, [row], addresses)
    return editor_card(row, pictures, await jury.list_jurors(conn, campaign_id))


async def get_rules(conn: Connection, campaign_id: int, version: int | None) -> RulesCard:
    """One version of a published campaign's rules; None: the version in force.

    Raises CampaignNotFound, RulesNotFound.
    """
    row = await conn.fetchrow(
        """
        SELECT campaigns.id, rules.version, rules.rules_text, rules.rules, rules.rules_sha256, rules.created_at
        FROM campaigns
        LEFT JOIN campaign_rules AS rules
            ON rules.campaign_id = campaigns.id AND rules.version = coalesce($2::bigint, campaigns.rules_version)
        WHERE campaigns.id = $1 AND campaigns.published_at IS NOT NULL
        """,
        campaign_id,
        version,
    )
    if row is None:
        raise CampaignNotFound
    if row["version"] is None:
        raise RulesNotFound
    return RulesCard(
        campaign_id=str(row["id"]),
        version=row["version"],
        text=row["rules_text"],
        rules=row["rules"],
        rules_sha256=row["rules_sha256"],
        created_at=row["created_at"],
    )


def card(row: CampaignRow, pictures: Pictures) -> CampaignCard:
    """The campaign on the wire, without the members for editors."""
    fields = _fields(row, pictures)
    if fields["method"] == "draw":
        # A draw has no leaderboard, whatever its rules say.
        fields["board"] = "hidden"
    return convert(fields, CampaignCard)


def editor_card(row: CampaignRow, pictures: Pictures, jurors: Sequence[jury.Juror] = ()) -> EditorCampaignCard:
    """The campaign on the wire, with the members for editors."""
    cards = [JurorCard(str(juror.account_id), juror.name) for juror in jurors]
    more = {"jurors": cards, "content_sha256": content_sha256(row.draft).hex()}
    return convert(_fields(row, pictures) | more, EditorCampaignCard)


def _fields(row: CampaignRow, pictures: Pictures) -> dict[str, Any]:
    """The members of both cards: the columns under their own names, and the written fields of the rules."""
    fields = msgspec.structs.asdict(row) | draft_fields(row.draft)
    fields["id"] = str(row.id)
    fields["cover"] = pictures.get((row.id, fields["cover_media_id"]))
    fields["prizes"] = [
        prize | {"image": pictures.get((row.id, prize["image_media_id"]))} for prize in fields["prizes"]
    ]
    fields["settle_at"] = row.settle_at or row.draft.get("settle_at")
    is_published = row.published_at is not None
    due = read_rules(row.draft, publishing=False)[0].result_due_at if is_published else None
    fields["result_due_at"] = due
    fields["result_overdue"] = due is not None and row.now >= due and row.state in _WITHOUT_RESULT
    waiting = {each.get("kind") for each in row.blocked_by}
    fields["waits_for"] = [kind for kind in WAIT_KINDS if kind in waiting]
    # Not public until a second person has confirmed the cancellation.
    fields["cancel_reason"] = row.cancel_asked_reason if row.state == "cancelled" else None
    return fields
