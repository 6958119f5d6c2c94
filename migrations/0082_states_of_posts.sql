-- Why a post was visible at a time could not be said: state and holds had no history. A row for each change; what a post was before its first row is in that row.
CREATE TABLE post_states (
    id bigint NOT NULL DEFAULT next_id(),
    post_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state_before text NOT NULL,
    state text NOT NULL,
    holds_before integer NOT NULL,
    holds integer NOT NULL,
    CONSTRAINT post_states_pkey PRIMARY KEY (post_id, id)
);
