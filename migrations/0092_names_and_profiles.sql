-- Names are compared by their look; changes of names, bios and pictures are reviewed; a name that was given up stays reserved.

-- The keyed hash of the name's skeleton. Null: not computed yet, or the name of an erased account.
ALTER TABLE accounts ADD COLUMN name_key bytea;
-- The same while names are unique on the site, for names that were chosen since.
ALTER TABLE accounts ADD COLUMN unique_name_key bytea;

-- Names that admins protect, or set free of a protected one that they contain.
CREATE TABLE reserved_names (
    id bigint NOT NULL DEFAULT next_id(),
    name text NOT NULL,
    scope text NOT NULL,
    created_by bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reserved_names_pkey PRIMARY KEY (id),
    CONSTRAINT reserved_names_once UNIQUE (name),
    CONSTRAINT reserved_names_scope_known CHECK (scope IN ('contained', 'whole', 'free'))
);

-- Names that an account has given up, by a change or by its erasure. Hashes only.
CREATE TABLE former_names (
    name_key bytea NOT NULL,
    account_id bigint NOT NULL,
    left_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT former_names_pkey PRIMARY KEY (name_key, account_id)
);
CREATE INDEX former_names_by_time ON former_names (left_at);

-- A change of a profile that was reviewed or waits for it. `former` null: the account had no name of its own before.
CREATE TABLE profile_changes (
    id bigint NOT NULL DEFAULT next_id(),
    account_id bigint NOT NULL,
    case_id bigint NOT NULL,
    field text NOT NULL,
    former text,
    value text NOT NULL,
    former_key bytea,
    value_key bytea,
    -- The name belongs to the paper: it takes the official badge.
    is_protected boolean NOT NULL DEFAULT false,
    is_unique boolean NOT NULL DEFAULT false,
    state text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT profile_changes_pkey PRIMARY KEY (id),
    CONSTRAINT profile_changes_one_per_case UNIQUE (case_id),
    CONSTRAINT profile_changes_field_known CHECK (field IN ('name', 'bio', 'avatar')),
    CONSTRAINT profile_changes_state_known CHECK (state IN ('pending', 'published', 'rejected', 'removed'))
);
CREATE INDEX profile_changes_by_account ON profile_changes (account_id, field, id DESC);
CREATE INDEX profile_changes_pending ON profile_changes (value_key) WHERE state = 'pending' AND value_key IS NOT NULL;
