-- A campaign that people take part in is cancelled by two, for a reason that everybody reads, and those who took part are told bit by bit.
CREATE TABLE cancellations (
    campaign_id bigint NOT NULL,
    reason text NOT NULL,
    asked_by bigint NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The second person; until then nothing has happened.
    agreed_by bigint,
    -- Authors of entries up to this one have been told, and when the last one was.
    told_up_to bigint NOT NULL DEFAULT 0,
    told_at timestamptz,
    CONSTRAINT cancellations_pkey PRIMARY KEY (campaign_id),
    CONSTRAINT cancellations_campaign FOREIGN KEY (campaign_id) REFERENCES campaigns (id),
    CONSTRAINT cancellations_by_another CHECK (agreed_by <> asked_by),
    CONSTRAINT cancellations_told_once_agreed CHECK (told_at IS NULL OR agreed_by IS NOT NULL)
);
CREATE INDEX cancellations_untold ON cancellations (campaign_id) WHERE agreed_by IS NOT NULL AND told_at IS NULL;
