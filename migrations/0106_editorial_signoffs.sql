-- Texts of the newsroom are signed by four different persons before they are published: 编辑, 审读, 二审, 三审.

-- A signature is of one stage and one content: a changed text has none. Undone ones are kept.
CREATE TABLE signoffs (
    id bigint NOT NULL DEFAULT next_id(),
    -- A campaign (its announcement and rules) or a post of the newsroom.
    kind text NOT NULL,
    subject_id bigint NOT NULL,
    content_sha256 bytea NOT NULL,
    stage smallint NOT NULL,
    account_id bigint NOT NULL,
    -- The person behind the account when it signed.
    person bytea NOT NULL,
    -- The persons who had written the text by then.
    author_persons bytea[] NOT NULL,
    -- The roles of the account that allowed it.
    roles text[] NOT NULL,
    -- The name as it is printed.
    name text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    undone_at timestamptz,
    CONSTRAINT signoffs_pkey PRIMARY KEY (id),
    CONSTRAINT signoffs_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT signoffs_kind_known CHECK (kind IN ('campaign', 'post')),
    CONSTRAINT signoffs_stage_known CHECK (stage BETWEEN 1 AND 4),
    CONSTRAINT signoffs_some_role CHECK (cardinality(roles) > 0),
    -- Authors may sign as 编辑 only.
    CONSTRAINT signoffs_not_by_an_author CHECK (stage = 1 OR person <> ALL (author_persons))
);
CREATE UNIQUE INDEX signoffs_one_per_stage ON signoffs (kind, subject_id, content_sha256, stage) WHERE undone_at IS NULL;
CREATE UNIQUE INDEX signoffs_no_two_stages_by_one ON signoffs (kind, subject_id, content_sha256, person) WHERE undone_at IS NULL;
CREATE INDEX signoffs_of_account ON signoffs (account_id);

-- A signature counts while one of the rights that allowed it has been held since without a break.
CREATE VIEW signoffs_in_force AS
SELECT signoffs.id, signoffs.kind, signoffs.subject_id, signoffs.content_sha256, signoffs.stage, signoffs.account_id, signoffs.person,
    signoffs.name, signoffs.signed_at
FROM signoffs
WHERE signoffs.undone_at IS NULL
    AND EXISTS (
        SELECT FROM rights_now
        WHERE rights_now.account_id = signoffs.account_id AND rights_now.role = ANY (signoffs.roles)
            AND rights_now.granted_at <= signoffs.signed_at
    );

-- A change of published rules that has to be signed before an editor can make it.
CREATE TABLE campaign_proposals (
    campaign_id bigint NOT NULL,
    draft jsonb NOT NULL,
    proposed_by bigint NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT campaign_proposals_pkey PRIMARY KEY (campaign_id),
    CONSTRAINT campaign_proposals_campaign FOREIGN KEY (campaign_id) REFERENCES campaigns (id),
    CONSTRAINT campaign_proposals_account FOREIGN KEY (proposed_by) REFERENCES accounts (id)
);

-- The name under which a member of staff signs; without one it is the account's name.
CREATE TABLE bylines (
    account_id bigint NOT NULL,
    name text NOT NULL,
    CONSTRAINT bylines_pkey PRIMARY KEY (account_id),
    CONSTRAINT bylines_account FOREIGN KEY (account_id) REFERENCES accounts (id)
);

-- Who signed the shown revision of a post of the newsroom: [{role, name}]; empty for other posts.
ALTER TABLE post_revisions ADD COLUMN credits jsonb NOT NULL DEFAULT '[]';

-- The accounts that publish for the newsroom: those with an official badge, and those of staff.
CREATE VIEW newsroom_accounts AS
SELECT accounts.id AS account_id
FROM accounts
WHERE accounts.badge IS NOT NULL
    OR EXISTS (SELECT FROM rights_now WHERE rights_now.account_id = accounts.id AND rights_now.role IN ('editor', 'admin'));
