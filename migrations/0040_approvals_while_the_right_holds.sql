-- The first of two people counted although dismissed, banned or erased since, and for whatever state: an approval now names person, right and state.

-- What staff may do now: a right that is not revoked, of an account that is neither erased nor of a banned person.
CREATE VIEW rights_now AS
SELECT staff_rights.account_id, staff_rights.role, staff_rights.granted_at
FROM staff_rights
JOIN standings_now ON standings_now.account_id = staff_rights.account_id
WHERE staff_rights.revoked_at IS NULL AND NOT standings_now.banned;

-- The approvals of acts that need two people, until the act is carried out. A new approval of an account replaces its earlier one.
CREATE TABLE approvals (
    act text NOT NULL,
    -- What is acted on: a campaign, a settlement, a winner.
    subject_id bigint NOT NULL,
    account_id bigint NOT NULL,
    -- The roles of the account that allowed it.
    roles text[] NOT NULL,
    -- The hash of what was approved.
    state_sha256 bytea NOT NULL,
    given_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT approvals_pkey PRIMARY KEY (act, subject_id, account_id),
    CONSTRAINT approvals_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT approvals_some_role CHECK (cardinality(roles) > 0)
);

-- An approval counts while one of the rights that allowed it has been held since without a break.
CREATE VIEW approvals_in_force AS
SELECT approvals.act, approvals.subject_id, approvals.account_id, approvals.state_sha256, approvals.given_at
FROM approvals
WHERE EXISTS (
    SELECT FROM rights_now
    WHERE rights_now.account_id = approvals.account_id AND rights_now.role = ANY (approvals.roles)
        AND rights_now.granted_at <= approvals.given_at
);

-- A token of the app can name a role after it was revoked: what counts is which of the two is later.
-- When the latest token that named the role was issued. Null: no token did, or one without a time of issue.
ALTER TABLE staff_rights ADD COLUMN named_at timestamptz;
-- Tokens issued until then do not bring the role back. Null: until it was revoked.
ALTER TABLE staff_rights ADD COLUMN revoked_as_of timestamptz;

-- Access to claims that may be used: it has not expired, and the admin who granted it is another person with the right still.
CREATE VIEW claim_access_now AS
SELECT claim_access.campaign_id, claim_access.account_id, claim_access.granted_by, claim_access.reason, claim_access.until
FROM claim_access
WHERE claim_access.until > clock_timestamp()
    AND EXISTS (
        SELECT FROM rights_now
        WHERE rights_now.account_id = claim_access.granted_by AND rights_now.role = 'admin'
            AND rights_now.granted_at <= claim_access.granted_at
    )
    AND NOT EXISTS (
        SELECT FROM same_person_accounts AS same
        WHERE same.account_id = claim_access.account_id AND same.same_id = claim_access.granted_by
    );
