-- One entry's row and its path to the signed root are read without the other rows of a result.
-- The signed part of a result, with its signature.
CREATE TABLE result_heads (
    settlement_id bigint NOT NULL,
    document bytea NOT NULL,
    CONSTRAINT result_heads_pkey PRIMARY KEY (settlement_id),
    CONSTRAINT result_heads_settlement FOREIGN KEY (settlement_id) REFERENCES settlements (id)
);

-- The hashes of one level of the tree, one after another. Not compressed: hashes are not compressible, and a part is read without the rest.
CREATE TABLE result_hashes (
    settlement_id bigint NOT NULL,
    level integer NOT NULL,
    hashes bytea NOT NULL,
    CONSTRAINT result_hashes_pkey PRIMARY KEY (settlement_id, level),
    CONSTRAINT result_hashes_settlement FOREIGN KEY (settlement_id) REFERENCES settlements (id)
);
ALTER TABLE result_hashes ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- The rows as they are published, in the order of the sheet.
CREATE TABLE result_rows (
    settlement_id bigint NOT NULL,
    entry_id bigint NOT NULL,
    account_id bigint NOT NULL,
    position integer NOT NULL,
    document bytea NOT NULL,
    CONSTRAINT result_rows_pkey PRIMARY KEY (settlement_id, entry_id),
    CONSTRAINT result_rows_settlement FOREIGN KEY (settlement_id) REFERENCES settlements (id)
);
CREATE INDEX result_rows_by_account ON result_rows (settlement_id, account_id, position);
