-- Words that the machine check looks for. Rows are kept, so that a result can be explained with the list of its version.
CREATE TABLE screening_lists (
    version integer NOT NULL,
    changed_by bigint,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    added integer NOT NULL,
    changed integer NOT NULL,
    removed integer NOT NULL,
    CONSTRAINT screening_lists_pkey PRIMARY KEY (version),
    CONSTRAINT screening_lists_from_one CHECK (version > 0)
);

-- A word is in force from the version `since` until before the version `until`.
CREATE TABLE screening_words (
    form text NOT NULL,
    since integer NOT NULL,
    until integer,
    term text NOT NULL,
    level text NOT NULL,
    label text NOT NULL,
    note text NOT NULL DEFAULT '',
    CONSTRAINT screening_words_pkey PRIMARY KEY (form, since),
    CONSTRAINT screening_words_of_list FOREIGN KEY (since) REFERENCES screening_lists (version),
    CONSTRAINT screening_words_level_known CHECK (level IN ('block', 'review', 'allow')),
    CONSTRAINT screening_words_form_not_empty CHECK (form <> ''),
    CONSTRAINT screening_words_until_after_since CHECK (until > since)
);
CREATE UNIQUE INDEX screening_words_in_force ON screening_words (form) WHERE until IS NULL;
