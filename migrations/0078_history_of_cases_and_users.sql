-- A lease that had ended left no trace, and what was decided about a person's items was found by reading all verdicts.

-- Who had leased a case, and since when. `ended_at`: when it was given back; else it ended with the verdict, or by its time.
CREATE TABLE case_leases (
    id bigint NOT NULL DEFAULT next_id(),
    case_id bigint NOT NULL,
    account_id bigint NOT NULL,
    leased_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    CONSTRAINT case_leases_pkey PRIMARY KEY (id),
    CONSTRAINT case_leases_case FOREIGN KEY (case_id) REFERENCES cases (id)
);
CREATE INDEX case_leases_by_case ON case_leases (case_id, id);

CREATE INDEX verdicts_by_author ON verdicts (author_id, id);
CREATE INDEX verdicts_by_reviewer ON verdicts (reviewer_id, id);
CREATE INDEX sanctions_unlifted ON sanctions (id) WHERE lifted_at IS NULL;
-- The look-up of a user by the beginning of the name.
CREATE INDEX accounts_by_name ON accounts ((lower(name) COLLATE "C"), id) WHERE erased_at IS NULL;
