-- Two accounts of one phone were two people to each other as soon as one of them changed its phone: what they were before is kept, for acts that take two.
CREATE TABLE former_persons (
    account_id bigint NOT NULL,
    person bytea NOT NULL,
    left_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT former_persons_pkey PRIMARY KEY (account_id, person),
    CONSTRAINT former_persons_account FOREIGN KEY (account_id) REFERENCES accounts (id)
);
