-- The second format of results publishes the marks that count, and voids in numbers: both are kept as of the freeze, so that a repeated decision is the same.
ALTER TABLE settlements ADD COLUMN format smallint NOT NULL DEFAULT 1;
ALTER TABLE settlements ADD COLUMN voids jsonb NOT NULL DEFAULT '[]';
ALTER TABLE sheet_rows ADD COLUMN marks jsonb NOT NULL DEFAULT '[]';
