-- A jury in full: which revision was marked, what was marked before, declared conflicts, and shortlists that fill themselves at the close.
ALTER TABLE marks ADD COLUMN revision integer;
ALTER TABLE entries ADD COLUMN unlisted_at timestamptz;
ALTER TABLE entries ADD COLUMN unlisted_by bigint;
-- Once only: what an editor takes off afterwards stays off. A campaign that was published before said nothing of it in its rules.
ALTER TABLE campaigns ADD COLUMN shortlist_filled_at timestamptz;
UPDATE campaigns SET shortlist_filled_at = now()
WHERE published_at IS NOT NULL;

-- Marks that another one of the same juror has taken the place of. The audit holds no mark: it may be read before they are locked.
CREATE TABLE past_marks (
    campaign_id bigint NOT NULL,
    post_id bigint NOT NULL,
    juror_id bigint NOT NULL,
    score numeric(9, 6) NOT NULL,
    scores jsonb,
    note text,
    revision integer,
    marked_at timestamptz NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT past_marks_pkey PRIMARY KEY (campaign_id, post_id, juror_id, replaced_at)
);

-- A juror who is close to an author marks none of that person's entries. Declared at one entry, and never taken back.
CREATE TABLE recusals (
    campaign_id bigint NOT NULL,
    juror_id bigint NOT NULL,
    author_id bigint NOT NULL,
    post_id bigint NOT NULL,
    reason text NOT NULL,
    declared_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT recusals_pkey PRIMARY KEY (campaign_id, juror_id, author_id),
    CONSTRAINT recusals_entry FOREIGN KEY (campaign_id, post_id) REFERENCES entries (campaign_id, post_id),
    CONSTRAINT recusals_juror FOREIGN KEY (juror_id) REFERENCES accounts (id)
);

-- Who must not mark what: the author, whoever shares his person, and who has declared a conflict with him or with his person.
CREATE VIEW conflicts AS
SELECT entries.campaign_id, entries.post_id, entries.author_id AS account_id
FROM entries
UNION ALL
SELECT entries.campaign_id, entries.post_id, same.id
FROM entries
JOIN accounts AS author ON author.id = entries.author_id
JOIN accounts AS same ON same.person = author.person
UNION ALL
SELECT entries.campaign_id, entries.post_id, recusals.juror_id
FROM entries
JOIN recusals ON recusals.campaign_id = entries.campaign_id AND recusals.author_id = entries.author_id
UNION ALL
SELECT entries.campaign_id, entries.post_id, recusals.juror_id
FROM entries
JOIN accounts AS author ON author.id = entries.author_id
JOIN accounts AS declared ON declared.person = author.person
JOIN recusals ON recusals.campaign_id = entries.campaign_id AND recusals.author_id = declared.id;

-- The marks that count: those of the present jurors; while nobody is named, everybody's that were not given as a juror who has left.
-- Never one by somebody with a conflict. Who is named again gets the earlier marks back.
CREATE VIEW counted_marks AS
SELECT marks.campaign_id, marks.post_id, marks.juror_id, marks.score, marks.scores, marks.note, marks.revision, marks.marked_at
FROM marks
LEFT JOIN jurors ON jurors.campaign_id = marks.campaign_id AND jurors.account_id = marks.juror_id
WHERE CASE
        WHEN EXISTS (SELECT FROM jurors AS named WHERE named.campaign_id = marks.campaign_id AND named.removed_at IS NULL)
            THEN jurors.account_id IS NOT NULL AND jurors.removed_at IS NULL
        ELSE coalesce(jurors.removed_at < marks.marked_at, true)
    END
    AND NOT EXISTS (
        SELECT FROM conflicts
        WHERE conflicts.campaign_id = marks.campaign_id AND conflicts.post_id = marks.post_id AND conflicts.account_id = marks.juror_id
    );
