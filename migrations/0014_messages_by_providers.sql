-- Messages by real providers: each attempt has a reference, receipts say what became of it, editors decide what nobody knows, phones and days have quotas.
ALTER TABLE messages
    -- The keyed hash of the number: whose quota it counts for.
    ADD COLUMN person bytea,
    ADD COLUMN campaign_id bigint,
    ADD COLUMN attempt integer NOT NULL DEFAULT 0,
    -- When the provider was last asked what became of the attempt, and how often.
    ADD COLUMN asked_at timestamptz,
    ADD COLUMN asks integer NOT NULL DEFAULT 0,
    ADD COLUMN receipt_at timestamptz,
    -- An editor has said how it ended; nobody need look at it again.
    ADD COLUMN resolved_at timestamptz;
-- A wider one takes its place in the same transaction.
-- squawk-ignore ban-drop-constraint
ALTER TABLE messages DROP CONSTRAINT messages_state_known;
ALTER TABLE messages ADD CONSTRAINT messages_state_known CHECK (
    state IN ('queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'unknown', 'expired')
) NOT VALID;
ALTER TABLE messages VALIDATE CONSTRAINT messages_state_known;
CREATE INDEX messages_by_state ON messages (state, id DESC);
-- What waits for an editor.
CREATE INDEX messages_stuck ON messages (id DESC)
    WHERE state IN ('unknown', 'failed', 'undelivered') AND resolved_at IS NULL;
CREATE INDEX messages_by_provider_id ON messages (provider, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX messages_of_person ON messages (person, sending_at) WHERE person IS NOT NULL AND sending_at IS NOT NULL;
CREATE INDEX messages_of_campaign ON messages (campaign_id, id DESC) WHERE campaign_id IS NOT NULL;

-- What providers report, kept until it is known which message it is about: a receipt may be faster than our own commit.
CREATE TABLE message_receipts (
    provider text NOT NULL,
    provider_id text NOT NULL,
    message_id bigint,
    attempt integer,
    delivered boolean NOT NULL,
    error_code text,
    heard_at timestamptz NOT NULL DEFAULT now(),
    applied_at timestamptz,
    CONSTRAINT message_receipts_pkey PRIMARY KEY (provider, provider_id),
    CONSTRAINT message_receipts_attempt_whole CHECK ((message_id IS NULL) = (attempt IS NULL))
);
CREATE INDEX message_receipts_open ON message_receipts (heard_at) WHERE applied_at IS NULL;
CREATE INDEX message_receipts_old ON message_receipts (heard_at);

-- How many notices the site has handed over on a day of Shanghai.
CREATE TABLE message_days (
    day date NOT NULL,
    handed_over integer NOT NULL,
    CONSTRAINT message_days_pkey PRIMARY KEY (day),
    CONSTRAINT message_days_not_negative CHECK (handed_over >= 0)
);
