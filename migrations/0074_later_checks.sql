-- Checks that take longer than a request may wait: homophones, repeats, a provider. They follow the case of each text.
-- Cases of before this version are not checked again.
ALTER TABLE cases ADD COLUMN layers smallint NOT NULL DEFAULT 1;
ALTER TABLE cases ALTER COLUMN layers SET DEFAULT 0;

-- What nearly equal texts have in common, for a day. `exact` is a hash of the form of the text.
CREATE TABLE text_fingerprints (
    case_id bigint NOT NULL,
    account_id bigint NOT NULL,
    exact bigint NOT NULL,
    simhash bigint NOT NULL,
    band_1 integer NOT NULL,
    band_2 integer NOT NULL,
    band_3 integer NOT NULL,
    band_4 integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT text_fingerprints_pkey PRIMARY KEY (case_id)
);
CREATE INDEX text_fingerprints_exact ON text_fingerprints (exact);
CREATE INDEX text_fingerprints_band_1 ON text_fingerprints (band_1);
CREATE INDEX text_fingerprints_band_2 ON text_fingerprints (band_2);
CREATE INDEX text_fingerprints_band_3 ON text_fingerprints (band_3);
CREATE INDEX text_fingerprints_band_4 ON text_fingerprints (band_4);
CREATE INDEX text_fingerprints_age ON text_fingerprints (created_at);

-- Texts that a provider is asked about: at least once each, until it answers or is given up.
CREATE TABLE provider_checks (
    case_id bigint NOT NULL,
    state text NOT NULL DEFAULT 'waiting',
    attempts smallint NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    request_id text,
    result jsonb,
    ended_at timestamptz,
    CONSTRAINT provider_checks_pkey PRIMARY KEY (case_id),
    CONSTRAINT provider_checks_state_known CHECK (state IN ('waiting', 'answered', 'given_up')),
    CONSTRAINT provider_checks_ended_has_time CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX provider_checks_due ON provider_checks (due_at) WHERE state = 'waiting';
