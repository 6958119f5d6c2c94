-- A ban or role that was ended after the deadline kept its person out although two editors might find it wrong: they may set it aside.
CREATE TABLE facts_set_aside (
    campaign_id bigint NOT NULL,
    account_id bigint NOT NULL,
    reason exclusion_reason NOT NULL,
    why text NOT NULL,
    asked_by bigint NOT NULL,
    agreed_by bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT facts_set_aside_pkey PRIMARY KEY (campaign_id, account_id, reason),
    CONSTRAINT facts_set_aside_campaign FOREIGN KEY (campaign_id) REFERENCES campaigns (id),
    CONSTRAINT facts_set_aside_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT facts_set_aside_kinds CHECK (reason IN ('staff', 'banned')),
    CONSTRAINT facts_set_aside_by_two CHECK (asked_by <> agreed_by)
);

CREATE OR REPLACE VIEW deadline_facts AS
SELECT terms.campaign_id, held.account_id, held.reason, held.began_at,
    CASE WHEN held.over_at <= terms.checked_at THEN held.over_at END AS ended_at,
    held.over_at > terms.checked_at
        OR (
            held.over_at - held.began_at >= interval '1 day'
            AND NOT EXISTS (
                SELECT FROM facts_set_aside AS aside
                WHERE aside.campaign_id = terms.campaign_id AND aside.account_id = held.account_id AND aside.reason = held.reason
            )
        ) AS counts
FROM campaign_terms AS terms
JOIN (
    SELECT account_id, 'staff'::exclusion_reason AS reason, granted_at AS began_at, coalesce(revoked_at, 'infinity') AS over_at
    FROM staff_rights
    UNION ALL
    SELECT account_id, 'banned', starts_at, coalesce(least(lifted_at, until), 'infinity')
    FROM sanctions
    WHERE kind = 'ban'
) AS held ON held.began_at <= terms.instant AND held.over_at > terms.instant;
