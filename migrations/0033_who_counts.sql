-- Who counts in a campaign was decided in three places, and one of them read the draft instead of the published rules. These views are what all of them read.

-- Why an account's engagement does not count, in the order in which the rules ask: the first reason that applies is the one that is given.
CREATE TYPE exclusion_reason AS ENUM (
    'own', 'not_verified', 'staff', 'juror', 'banned', 'too_new', 'voided', 'same_person'
);

-- What a campaign's published rules say about time. Everything is as it was at `instant`: the end, or now if that is earlier.
CREATE VIEW campaign_terms AS
SELECT campaigns.id AS campaign_id, campaigns.ends_at, least(statement_timestamp(), campaigns.ends_at) AS instant,
    rules.newest_account_at
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

-- What the rules say of an account by itself.
CREATE VIEW campaign_accounts AS
SELECT terms.campaign_id, accounts.id AS account_id, accounts.person, accounts.created_at,
    accounts.person IS NULL OR accounts.phone_verified_at >= terms.ends_at AS not_verified,
    coalesce(accounts.created_at > terms.newest_account_at, false) AS too_new
FROM campaign_terms AS terms CROSS JOIN accounts;

-- The likes (`liked`) or comments of an account, or on a post, that are not to count.
CREATE VIEW active_voids AS
SELECT voids.campaign_id, voids.account_id, voids.post_id, kind = 'like' AS liked
FROM voids CROSS JOIN unnest(voids.kinds) AS kind
WHERE voids.withdrawn_at IS NULL;

-- Accounts whose engagement does not count because of what is known about them; `liked` as in active_voids, NULL for likes and comments.
CREATE VIEW campaign_flags AS
SELECT terms.campaign_id, staff_rights.account_id, 'staff'::exclusion_reason AS reason, NULL::boolean AS liked
FROM campaign_terms AS terms
JOIN staff_rights ON granted_at <= terms.instant AND coalesce(revoked_at, 'infinity') > terms.instant
UNION ALL
-- A juror who has left is still one who judged.
SELECT campaign_id, account_id, 'juror', NULL
FROM jurors
UNION ALL
SELECT terms.campaign_id, sanctions.account_id, 'banned', NULL
FROM campaign_terms AS terms
JOIN sanctions ON kind = 'ban' AND starts_at <= terms.instant AND coalesce(least(lifted_at, until), 'infinity') > terms.instant
UNION ALL
SELECT campaign_id, account_id, 'voided', liked
FROM active_voids
WHERE account_id IS NOT NULL;

-- The same by person: a flag of one account holds for all accounts with the same verified phone.
CREATE VIEW campaign_flagged_persons AS
SELECT flags.campaign_id, accounts.person, flags.reason, flags.liked
FROM campaign_flags AS flags
JOIN accounts ON accounts.id = flags.account_id
WHERE accounts.person IS NOT NULL;
