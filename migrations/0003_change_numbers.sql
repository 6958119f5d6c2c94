-- The highest number ever given to a change: it outlives the rows of a trimmed log, so that no number is given twice.
CREATE TABLE change_numbers (
    single boolean NOT NULL DEFAULT true,
    last_number bigint NOT NULL DEFAULT 0,
    CONSTRAINT change_numbers_pkey PRIMARY KEY (single),
    CONSTRAINT change_numbers_has_one_row CHECK (single)
);
INSERT INTO change_numbers DEFAULT VALUES;
