-- Wrong public numbers and who corrected them, and where each ticket of a draw came: what a result says of both is kept by row too.

-- A public number that two people entered wrongly is corrected by two, one of them somebody else; what it was stays on record.
-- What each editor says the number should have been; the latest word of each. `number` counts the corrections of this draw from 1.
CREATE TABLE number_corrections (
    settlement_id bigint NOT NULL,
    number integer NOT NULL,
    editor_id bigint NOT NULL,
    round text NOT NULL,
    value text NOT NULL,
    appeared_at timestamptz NOT NULL,
    reason_code text NOT NULL,
    reason text NOT NULL,
    entered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT number_corrections_pkey PRIMARY KEY (settlement_id, number, editor_id),
    CONSTRAINT number_corrections_draw FOREIGN KEY (settlement_id) REFERENCES draws (settlement_id),
    CONSTRAINT number_corrections_editor FOREIGN KEY (editor_id) REFERENCES accounts (id)
);

-- What two of them agreed in, in order; the last one decides, and the draw's own row keeps what was entered first.
CREATE TABLE corrected_numbers (
    settlement_id bigint NOT NULL,
    number integer NOT NULL,
    round text NOT NULL,
    value text NOT NULL,
    appeared_at timestamptz NOT NULL,
    reason_code text NOT NULL,
    entered_by bigint [] NOT NULL,
    corrected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT corrected_numbers_pkey PRIMARY KEY (settlement_id, number),
    CONSTRAINT corrected_numbers_draw FOREIGN KEY (settlement_id) REFERENCES draws (settlement_id),
    CONSTRAINT corrected_numbers_from_one CHECK (number >= 1),
    CONSTRAINT corrected_numbers_reason CHECK (reason_code IN ('misread', 'wrong_issue', 'publisher_corrected')),
    CONSTRAINT corrected_numbers_by_two CHECK (cardinality(entered_by) = 2 AND entered_by[1] <> entered_by[2])
);

-- Of a draw: the place of the person's ticket, known when the lots are drawn. In a ranked campaign it follows from the row.
ALTER TABLE sheet_rows ADD COLUMN rank integer;
