-- A ban or a role held for two seconds across the deadline put a leader out for good, and so did a seat on the jury that was taken back.
CREATE OR REPLACE VIEW campaign_terms AS
SELECT campaigns.id AS campaign_id, campaigns.ends_at, least(statement_timestamp(), campaigns.ends_at) AS instant,
    rules.newest_account_at,
    -- What has ended by then is known: the freeze, or now if that is earlier.
    coalesce(campaigns.frozen_at, statement_timestamp()) AS checked_at
FROM campaigns
LEFT JOIN LATERAL (
    SELECT campaigns.ends_at - make_interval(
            days => coalesce((rules -> 'eligibility' ->> 'min_account_age_days')::integer, 0)
        ) AS newest_account_at
    FROM campaign_rules
    WHERE campaign_rules.campaign_id = campaigns.id AND campaign_rules.version = campaigns.rules_version
    -- Keeps the rules from being parsed again for each account they are compared with.
    OFFSET 0
) AS rules ON true;

-- Roles and bans that hold at the instant that counts. One that has ended since and lasted less than a day in all does not count: a
-- person acting alone could impose it on a leader for seconds. `ended_at`: before the freeze; null while it goes on.
CREATE VIEW deadline_facts AS
SELECT terms.campaign_id, held.account_id, held.reason, held.began_at,
    CASE WHEN held.over_at <= terms.checked_at THEN held.over_at END AS ended_at,
    held.over_at > terms.checked_at OR held.over_at - held.began_at >= interval '1 day' AS counts
FROM campaign_terms AS terms
JOIN (
    SELECT account_id, 'staff'::exclusion_reason AS reason, granted_at AS began_at, coalesce(revoked_at, 'infinity') AS over_at
    FROM staff_rights
    UNION ALL
    SELECT account_id, 'banned', starts_at, coalesce(least(lifted_at, until), 'infinity')
    FROM sanctions
    WHERE kind = 'ban'
) AS held ON held.began_at <= terms.instant AND held.over_at > terms.instant;

-- Accounts whose engagement does not count because of what is known about them; `liked` as in active_voids, NULL for likes and comments.
CREATE OR REPLACE VIEW campaign_flags AS
SELECT campaign_id, account_id, reason, NULL::boolean AS liked
FROM deadline_facts
WHERE counts
UNION ALL
-- A juror who has left is still one who judged, if there is a mark.
SELECT campaign_id, account_id, 'juror', NULL
FROM jurors
WHERE removed_at IS NULL
    OR EXISTS (SELECT FROM marks WHERE marks.campaign_id = jurors.campaign_id AND marks.juror_id = jurors.account_id)
    OR EXISTS (
        SELECT FROM past_marks WHERE past_marks.campaign_id = jurors.campaign_id AND past_marks.juror_id = jurors.account_id
    )
UNION ALL
SELECT campaign_id, account_id, 'voided', liked
FROM active_voids
WHERE account_id IS NOT NULL;
