"""SQL of participation and involvement in a campaign, by person."""

from collections.abc import Sequence

import msgspec

from feed.campaigns.errors import CampaignNotFound
from feed.postgres import Connection
from feed.prizes.model import Objecting

# Audited actions on a campaign that do not influence who wins.
_NEUTRAL_ACTIONS = [
    "answer_objection",
    "answer_objections",
    "grant_claim_access",
    "end_claim_access",
    "export_claims",
    "add_codes",
    "signoff.sign",
    "signoff.return",
]


async def get_objecting(conn: Connection, campaign_id: int, account_id: int) -> Objecting:
    """Whether the account's person may object to the campaign's result, by the time of the database.

    A participant is who has an entry, with any account: a post, a comment or a like. Raises CampaignNotFound.
    """
    row = await conn.fetchrow(
        """
        WITH self AS (
            SELECT same_id AS id FROM same_person_accounts WHERE account_id = $2
        )
        SELECT campaigns.state = 'announced' AND clock_timestamp() < campaigns.objections_end_at AS is_open,
            EXISTS (SELECT FROM entries WHERE campaign_id = $1 AND author_id IN (SELECT id FROM self))
                OR EXISTS (
                    SELECT FROM draw_entries AS entered
                    WHERE entered.campaign_id = $1 AND entered.account_id = ANY (ARRAY(SELECT id FROM self))
                ) AS is_participant,
            EXISTS (SELECT FROM accounts WHERE id = $2 AND person IS NOT NULL) AS has_phone,
            ARRAY(
                SELECT DISTINCT objections.kind
                FROM settlements JOIN objections ON objections.settlement_id = settlements.id
                WHERE settlements.campaign_id = $1 AND settlements.undone_at IS NULL
                    AND objections.account_id IN (SELECT id FROM self) AND objections.answered_at IS NULL
            ) AS open_kinds
        FROM campaigns
        WHERE campaigns.id = $1
        """,
        campaign_id,
        account_id,
    )
    if row is None:
        raise CampaignNotFound
    return msgspec.convert(row, Objecting)


async def has_decided(conn: Connection, objection_ids: Sequence[int], account_id: int) -> bool:
    """Whether the account's person has hidden or restored a post or comment that one of these objections is about, or banned who made it."""
    return bool(
        await conn.fetchval(
            """
            WITH self AS (
                SELECT same_id AS id FROM same_person_accounts WHERE account_id = $2
            )
            SELECT EXISTS (
                    SELECT
                    FROM objections
                    JOIN cases ON cases.post_id = objections.post_id AND cases.comment_id IS NULL
                        OR cases.comment_id = objections.comment_id AND cases.post_id = (
                            SELECT entry_post_id FROM campaigns WHERE campaigns.id = objections.campaign_id
                        )
                    JOIN verdicts ON verdicts.case_id = cases.id
                    WHERE objections.id = ANY ($1::bigint[]) AND verdicts.verdict IN ('remove', 'reject', 'restore')
                        AND verdicts.reviewer_id IN (SELECT id FROM self)
                )
                OR EXISTS (
                    SELECT
                    FROM objections
                    JOIN same_person_accounts AS same ON same.account_id = objections.account_id
                    JOIN sanctions ON sanctions.account_id = same.same_id AND sanctions.kind = 'ban'
                    WHERE objections.id = ANY ($1::bigint[])
                        AND (
                            sanctions.imposed_by IN (SELECT id FROM self) OR sanctions.lifted_by IN (SELECT id FROM self)
                        )
                )
            """,
            objection_ids,
            account_id,
        )
    )


async def is_involved(conn: Connection, campaign_id: int, account_id: int) -> bool:
    """Whether the account's person has organised, judged, announced or entered the campaign, or decided about it.

    Editors' decisions are found in the audit log, also those that were reversed: voids, disqualifications, shortlists,
    settlements, numbers of a draw, replacements. Answering objections and fulfilling prizes are no involvement.
    """
    return bool(
        await conn.fetchval(
            """
            WITH self AS (
                SELECT same_id AS id FROM same_person_accounts WHERE account_id = $2
            )
            SELECT EXISTS (
                    SELECT FROM campaigns JOIN self ON self.id IN (created_by, announced_first_by, announced_by)
                    WHERE campaigns.id = $1
                )
                OR EXISTS (SELECT FROM campaign_rules WHERE campaign_id = $1 AND created_by IN (SELECT id FROM self))
                OR EXISTS (SELECT FROM jurors WHERE campaign_id = $1 AND account_id IN (SELECT id FROM self))
                OR EXISTS (SELECT FROM marks WHERE campaign_id = $1 AND juror_id IN (SELECT id FROM self))
                OR EXISTS (SELECT FROM past_marks WHERE campaign_id = $1 AND juror_id IN (SELECT id FROM self))
                OR EXISTS (SELECT FROM entries WHERE campaign_id = $1 AND author_id IN (SELECT id FROM self))
                OR EXISTS (
                    SELECT FROM draw_entries AS entered
                    WHERE entered.campaign_id = $1 AND entered.account_id = ANY (ARRAY(SELECT id FROM self))
                )
                OR EXISTS (
                    SELECT FROM audit
                    WHERE subject_kind = 'campaign' AND subject_id = $1 AND actor_id IN (SELECT id FROM self)
                        AND action <> ALL ($3::text[])
                )
                OR EXISTS (
                    SELECT FROM audit
                    WHERE subject_kind = 'prize' AND action IN ('replace_first', 'replace')
                        AND actor_id IN (SELECT id FROM self)
                        AND subject_id IN (SELECT id FROM winners WHERE campaign_id = $1)
                )
            """,
            campaign_id,
            account_id,
            _NEUTRAL_ACTIONS,
        )
    )
