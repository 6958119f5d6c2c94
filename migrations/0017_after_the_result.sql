-- What comes after a result is signed: amendments chained to it, objections with their answers, replacements that take two people.

-- Each is a signed document of its own. A place is left once by whoever held it.
CREATE TABLE amendments (
    settlement_id bigint NOT NULL,
    number integer NOT NULL,
    winner_id bigint NOT NULL,
    successor_id bigint,
    document bytea NOT NULL,
    document_sha256 text NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT amendments_pkey PRIMARY KEY (settlement_id, number),
    CONSTRAINT amendments_settlement FOREIGN KEY (settlement_id) REFERENCES settlements (id),
    CONSTRAINT amendments_winner FOREIGN KEY (winner_id) REFERENCES winners (id),
    CONSTRAINT amendments_successor FOREIGN KEY (successor_id) REFERENCES winners (id),
    CONSTRAINT amendments_one_per_winner UNIQUE (winner_id)
);

-- A result that was announced and then set aside for an objection: its hash stands in the one that follows.
ALTER TABLE settlements ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;
CREATE INDEX settlements_withdrawn ON settlements (campaign_id) WHERE withdrawn;

CREATE TABLE objections (
    id bigint NOT NULL DEFAULT next_id(),
    campaign_id bigint NOT NULL,
    settlement_id bigint NOT NULL,
    account_id bigint NOT NULL,
    post_id bigint,
    text text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    answer text,
    answered_by bigint,
    answered_at timestamptz,
    -- What an objection that is upheld asks for; empty for one that is not.
    remedy text,
    winner_id bigint,
    remedied_at timestamptz,
    CONSTRAINT objections_pkey PRIMARY KEY (id),
    CONSTRAINT objections_settlement FOREIGN KEY (settlement_id) REFERENCES settlements (id),
    CONSTRAINT objections_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT objections_winner FOREIGN KEY (winner_id) REFERENCES winners (id),
    CONSTRAINT objections_one_each UNIQUE (settlement_id, account_id),
    CONSTRAINT objections_answer_whole CHECK (num_nonnulls(answer, answered_by, answered_at) IN (0, 3)),
    CONSTRAINT objections_not_by_oneself CHECK (answered_by <> account_id),
    CONSTRAINT objections_remedy_known CHECK (remedy IN ('replace', 'settle_again')),
    CONSTRAINT objections_remedy_answered CHECK (remedy IS NULL OR answered_at IS NOT NULL),
    CONSTRAINT objections_remedy_names CHECK ((remedy = 'replace') = (winner_id IS NOT NULL)),
    CONSTRAINT objections_remedied CHECK (remedied_at IS NULL OR remedy IS NOT NULL)
);
-- What keeps a campaign from becoming final.
CREATE INDEX objections_open ON objections (settlement_id) WHERE answered_at IS NULL OR (remedy IS NOT NULL AND remedied_at IS NULL);

-- A winner whom one editor wants replaced; another person does it.
CREATE TABLE replacements (
    winner_id bigint NOT NULL,
    asked_by bigint NOT NULL,
    reason text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT replacements_pkey PRIMARY KEY (winner_id),
    CONSTRAINT replacements_winner FOREIGN KEY (winner_id) REFERENCES winners (id),
    CONSTRAINT replacements_by FOREIGN KEY (asked_by) REFERENCES accounts (id)
);
