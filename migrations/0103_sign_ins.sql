-- A person could not see where the account is signed in, and a device that was signed out kept its access token for an hour: each sign-in has a row, which its tokens name.
CREATE TABLE sign_ins (
    family bigint PRIMARY KEY,
    account_id bigint NOT NULL,
    device text NOT NULL,
    region text,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT sign_ins_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT sign_ins_device_known CHECK (
        device IN ('iphone', 'ipad', 'android', 'harmony', 'windows', 'mac', 'linux', 'other')
    )
);
CREATE INDEX sign_ins_of_account ON sign_ins (account_id, family DESC);
CREATE INDEX sign_ins_ended ON sign_ins (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX sign_ins_by_use ON sign_ins (used_at);

-- Sign-ins of earlier versions, whose devices are not known.
INSERT INTO sign_ins (family, account_id, device, created_at, used_at)
SELECT family, account_id, 'other', min(created_at), max(coalesce(used_at, created_at))
FROM refresh_tokens
WHERE revoked_at IS NULL
GROUP BY family, account_id;
