-- Whom somebody does not want to meet (block: neither sees the other; mute: he does not see them), and what he does not want to be told of.
CREATE TABLE relations (
    account_id bigint NOT NULL,
    target_id bigint NOT NULL,
    kind text NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT relations_pkey PRIMARY KEY (account_id, kind, target_id),
    CONSTRAINT relations_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT relations_target FOREIGN KEY (target_id) REFERENCES accounts (id),
    CONSTRAINT relations_kind_known CHECK (kind IN ('block', 'mute')),
    CONSTRAINT relations_with_another CHECK (account_id <> target_id)
);
CREATE INDEX relations_blocked_by ON relations (target_id, account_id) WHERE kind = 'block';
CREATE INDEX relations_latest ON relations (account_id, since DESC, target_id DESC);

CREATE TABLE account_settings (
    account_id bigint NOT NULL,
    quiet text[] NOT NULL DEFAULT '{}',
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT account_settings_pkey PRIMARY KEY (account_id),
    CONSTRAINT account_settings_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT account_settings_quiet_known CHECK (quiet <@ '{like,comment,reply}'::text[])
);
