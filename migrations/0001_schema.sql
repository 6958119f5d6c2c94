-- The schema of day one: what cannot be added later (intervals, versions, the unnumbered change log, revisions, sealed data) is here.

-- Time-ordered 64-bit ids without a coordinator: milliseconds, then a sequence's low 20 bits. A clock step cannot make two alike,
-- because the sequence goes on.
CREATE SEQUENCE id_sequence AS bigint CACHE 32;

CREATE FUNCTION next_id() RETURNS bigint
LANGUAGE sql VOLATILE
RETURN ((extract(epoch FROM clock_timestamp()) * 1000)::bigint << 20) | (nextval('id_sequence'::regclass) & 1048575);

-- One row. Its token differs between installations and is part of the epoch of everything kept in Redis.
CREATE TABLE installation (
    single boolean NOT NULL DEFAULT true,
    token text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
    rebuild bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT installation_pkey PRIMARY KEY (single),
    CONSTRAINT installation_has_one_row CHECK (single)
);
INSERT INTO installation DEFAULT VALUES;

-- accounts ---------------------------------------------------------------------------------------------------------

CREATE TABLE accounts (
    id bigint NOT NULL DEFAULT next_id(),
    iss text NOT NULL,
    sub text NOT NULL,
    name text NOT NULL,
    bio text NOT NULL DEFAULT '',
    avatar_url text,
    badge text,
    person bytea,
    phone_sealed bytea,
    phone_verified_at timestamptz,
    post_count bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    erased_at timestamptz,
    CONSTRAINT accounts_pkey PRIMARY KEY (id),
    CONSTRAINT accounts_one_per_subject UNIQUE (iss, sub),
    CONSTRAINT accounts_name_length CHECK (char_length(name) BETWEEN 1 AND 20),
    CONSTRAINT accounts_person_with_phone CHECK ((person IS NULL) = (phone_verified_at IS NULL)),
    CONSTRAINT accounts_post_count_not_negative CHECK (post_count >= 0)
);
CREATE INDEX accounts_by_person ON accounts (person) WHERE person IS NOT NULL;

-- Intervals: who was staff, and who was under sanction, at any past instant stays computable.
CREATE TABLE staff_rights (
    id bigint NOT NULL DEFAULT next_id(),
    account_id bigint NOT NULL,
    role text NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT now(),
    granted_by bigint,
    revoked_at timestamptz,
    revoked_by bigint,
    CONSTRAINT staff_rights_pkey PRIMARY KEY (id),
    CONSTRAINT staff_rights_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT staff_rights_role_known CHECK (role IN ('reviewer', 'editor', 'admin')),
    CONSTRAINT staff_rights_interval CHECK (revoked_at >= granted_at)
);
CREATE UNIQUE INDEX staff_rights_once ON staff_rights (account_id, role) WHERE revoked_at IS NULL;

CREATE TABLE sanctions (
    id bigint NOT NULL DEFAULT next_id(),
    account_id bigint NOT NULL,
    kind text NOT NULL,
    reason_code text NOT NULL,
    starts_at timestamptz NOT NULL DEFAULT now(),
    until timestamptz,
    imposed_by bigint,
    lifted_at timestamptz,
    lifted_by bigint,
    CONSTRAINT sanctions_pkey PRIMARY KEY (id),
    CONSTRAINT sanctions_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT sanctions_kind_known CHECK (kind IN ('mute', 'ban')),
    CONSTRAINT sanctions_interval CHECK (until > starts_at)
);
CREATE UNIQUE INDEX sanctions_once ON sanctions (account_id, kind) WHERE lifted_at IS NULL;

CREATE TABLE sign_in_codes (
    id bigint NOT NULL DEFAULT next_id(),
    person bytea NOT NULL,
    code_hash bytea NOT NULL,
    tries_left smallint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT sign_in_codes_pkey PRIMARY KEY (id),
    CONSTRAINT sign_in_codes_tries CHECK (tries_left >= 0)
);
CREATE INDEX sign_in_codes_by_person ON sign_in_codes (person, created_at DESC);

-- A family is one sign-in; each use of a refresh token makes the next one, and a second use ends the family.
CREATE TABLE refresh_tokens (
    token_hash bytea NOT NULL,
    family bigint NOT NULL DEFAULT next_id(),
    account_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (token_hash),
    CONSTRAINT refresh_tokens_account FOREIGN KEY (account_id) REFERENCES accounts (id)
);
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family);

-- The stored answer of a POST; in the same transaction as its effect.
CREATE TABLE idempotency_keys (
    account_id bigint NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    body_sha256 bytea NOT NULL,
    answer_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (account_id, route, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- topics -----------------------------------------------------------------------------------------------------------

CREATE TABLE topics (
    id bigint NOT NULL DEFAULT next_id(),
    key text NOT NULL,
    name text NOT NULL,
    state text NOT NULL DEFAULT 'allowed',
    alias_of bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT topics_pkey PRIMARY KEY (id),
    CONSTRAINT topics_one_per_key UNIQUE (key),
    CONSTRAINT topics_alias FOREIGN KEY (alias_of) REFERENCES topics (id),
    CONSTRAINT topics_state_known CHECK (state IN ('allowed', 'no_trend', 'hidden', 'closed'))
);

-- posts ------------------------------------------------------------------------------------------------------------

CREATE TABLE posts (
    id bigint NOT NULL DEFAULT next_id(),
    author_id bigint NOT NULL,
    state text NOT NULL,
    -- The revision that others see, and the newest one; they differ while a newer one waits for its approval.
    revision integer NOT NULL DEFAULT 1,
    latest_revision integer NOT NULL DEFAULT 1,
    comment_policy text NOT NULL DEFAULT 'everyone',
    location jsonb,
    ip_region text,
    ai_generated boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz,
    edited_at timestamptz,
    deleted_at timestamptz,
    CONSTRAINT posts_pkey PRIMARY KEY (id),
    CONSTRAINT posts_author FOREIGN KEY (author_id) REFERENCES accounts (id),
    CONSTRAINT posts_state_known CHECK (state IN ('pending', 'published', 'rejected', 'removed', 'deleted')),
    CONSTRAINT posts_published_has_time CHECK (state <> 'published' OR published_at IS NOT NULL),
    CONSTRAINT posts_deleted_has_time CHECK ((state = 'deleted') = (deleted_at IS NOT NULL)),
    CONSTRAINT posts_comment_policy_known CHECK (comment_policy IN ('everyone', 'nobody')),
    CONSTRAINT posts_shown_is_not_newer CHECK (revision BETWEEN 1 AND latest_revision)
);
CREATE INDEX posts_latest ON posts (published_at DESC, id DESC) WHERE state = 'published';
CREATE INDEX posts_of_author ON posts (author_id, published_at DESC, id DESC) WHERE state = 'published';
CREATE INDEX posts_own ON posts (author_id, id DESC);

-- The one predicate of what others may see; every read path of theirs goes through it.
CREATE VIEW visible_posts AS
SELECT id, author_id, revision, comment_policy, location, ip_region, ai_generated, created_at, published_at, edited_at, state
FROM posts
WHERE state = 'published';

CREATE TABLE post_revisions (
    post_id bigint NOT NULL,
    revision integer NOT NULL,
    text text NOT NULL,
    media_ids bigint[] NOT NULL DEFAULT '{}',
    -- Where each topic stands in the text: [{id, name, start, length}], in code points.
    topics jsonb NOT NULL DEFAULT '[]',
    topic_ids bigint[] NOT NULL DEFAULT '{}',
    content_sha256 bytea NOT NULL,
    author_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    approved_at timestamptz,
    refused_at timestamptz,
    CONSTRAINT post_revisions_pkey PRIMARY KEY (post_id, revision),
    CONSTRAINT post_revisions_post FOREIGN KEY (post_id) REFERENCES posts (id),
    CONSTRAINT post_revisions_text_length CHECK (char_length(text) <= 2000),
    CONSTRAINT post_revisions_not_both CHECK (approved_at IS NULL OR refused_at IS NULL)
);

-- Which visible post stands under which topic, in the order in which topics are read.
CREATE TABLE topic_posts (
    topic_id bigint NOT NULL,
    published_at timestamptz NOT NULL,
    post_id bigint NOT NULL,
    CONSTRAINT topic_posts_pkey PRIMARY KEY (topic_id, published_at, post_id),
    CONSTRAINT topic_posts_topic FOREIGN KEY (topic_id) REFERENCES topics (id)
);
CREATE INDEX topic_posts_by_post ON topic_posts (post_id);

-- Exact counters. `version` rises with every input to any score of the post: likes, comments, marks, voids, visibility, rules.
CREATE TABLE post_stats (
    post_id bigint NOT NULL,
    like_count bigint NOT NULL DEFAULT 0,
    own_like_count smallint NOT NULL DEFAULT 0,
    comment_count bigint NOT NULL DEFAULT 0,
    own_comment_count bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT post_stats_pkey PRIMARY KEY (post_id),
    CONSTRAINT post_stats_likes_not_negative CHECK (like_count >= own_like_count AND own_like_count BETWEEN 0 AND 1),
    CONSTRAINT post_stats_comments_not_negative CHECK (comment_count >= own_comment_count AND own_comment_count >= 0)
) WITH (fillfactor = 60);

-- likes and comments: intervals that close instead of vanish ---------------------------------------------------------

CREATE TABLE likes (
    post_id bigint NOT NULL,
    account_id bigint NOT NULL,
    liked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT likes_pkey PRIMARY KEY (post_id, account_id)
);
CREATE INDEX likes_by_account ON likes (account_id, post_id);

CREATE TABLE past_likes (
    post_id bigint NOT NULL,
    account_id bigint NOT NULL,
    liked_at timestamptz NOT NULL,
    unliked_at timestamptz NOT NULL,
    CONSTRAINT past_likes_pkey PRIMARY KEY (post_id, account_id, liked_at),
    CONSTRAINT past_likes_interval CHECK (unliked_at >= liked_at)
);

CREATE TABLE comments (
    post_id bigint NOT NULL,
    id bigint NOT NULL DEFAULT next_id(),
    author_id bigint NOT NULL,
    root_id bigint,
    reply_to_id bigint,
    text text NOT NULL,
    state text NOT NULL,
    reply_count integer NOT NULL DEFAULT 0,
    like_count bigint NOT NULL DEFAULT 0,
    ip_region text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at timestamptz,
    CONSTRAINT comments_pkey PRIMARY KEY (post_id, id),
    CONSTRAINT comments_author FOREIGN KEY (author_id) REFERENCES accounts (id),
    CONSTRAINT comments_state_known CHECK (state IN ('pending', 'published', 'rejected', 'removed', 'deleted')),
    CONSTRAINT comments_text_length CHECK (char_length(text) BETWEEN 1 AND 500),
    CONSTRAINT comments_reply_has_root CHECK ((root_id IS NULL) = (reply_to_id IS NULL)),
    CONSTRAINT comments_deleted_has_time CHECK ((state = 'deleted') = (deleted_at IS NOT NULL)),
    CONSTRAINT comments_replies_not_negative CHECK (reply_count >= 0)
);
CREATE INDEX comments_by_id ON comments (id);
CREATE INDEX comments_roots ON comments (post_id, id) WHERE root_id IS NULL;
CREATE INDEX comments_replies ON comments (root_id, id) WHERE root_id IS NOT NULL;

-- the change log: rows are left without a number and numbered in commit order by one sequencer -----------------------

CREATE TABLE changes (
    post_id bigint NOT NULL,
    id bigint NOT NULL DEFAULT next_id(),
    version bigint NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT changes_pkey PRIMARY KEY (post_id, id)
);

CREATE TABLE change_log (
    number bigint NOT NULL,
    post_id bigint NOT NULL,
    version bigint NOT NULL,
    made_at timestamptz NOT NULL,
    numbered_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT change_log_pkey PRIMARY KEY (number)
);

-- campaigns --------------------------------------------------------------------------------------------------------

CREATE TABLE campaigns (
    id bigint NOT NULL DEFAULT next_id(),
    topic_id bigint,
    state text NOT NULL DEFAULT 'draft',
    draft jsonb NOT NULL,
    rules_version integer,
    starts_at timestamptz,
    ends_at timestamptz,
    settle_at timestamptz,
    marks_locked_at timestamptz,
    created_by bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    frozen_at timestamptz,
    settled_at timestamptz,
    settle_reason text,
    blocked_by jsonb NOT NULL DEFAULT '[]',
    announced_first_by bigint,
    announced_first_at timestamptz,
    announced_by bigint,
    announced_at timestamptz,
    objections_end_at timestamptz,
    final_at timestamptz,
    cancelled_at timestamptz,
    result_salt bytea,
    CONSTRAINT campaigns_pkey PRIMARY KEY (id),
    CONSTRAINT campaigns_topic FOREIGN KEY (topic_id) REFERENCES topics (id),
    CONSTRAINT campaigns_state_known CHECK (
        state IN ('draft', 'scheduled', 'judging', 'decided', 'announced', 'final', 'archived', 'cancelled')
    ),
    CONSTRAINT campaigns_published_is_whole CHECK (
        state IN ('draft', 'cancelled')
        OR (topic_id IS NOT NULL AND rules_version IS NOT NULL AND starts_at < ends_at AND settle_at >= ends_at + interval '10 seconds')
    ),
    CONSTRAINT campaigns_frozen_after_end CHECK (frozen_at >= ends_at + interval '10 seconds'),
    CONSTRAINT campaigns_announced_by_two CHECK (announced_by IS NULL OR announced_by <> announced_first_by),
    CONSTRAINT campaigns_announced_whole CHECK (
        (state IN ('announced', 'final', 'archived')) <= (announced_by IS NOT NULL AND announced_first_by IS NOT NULL)
    )
);
CREATE INDEX campaigns_by_topic ON campaigns (topic_id, ends_at) WHERE state = 'scheduled';
CREATE INDEX campaigns_to_settle ON campaigns (settle_at) WHERE state IN ('scheduled', 'judging');

CREATE TABLE campaign_rules (
    campaign_id bigint NOT NULL,
    version integer NOT NULL,
    rules jsonb NOT NULL,
    rules_text text NOT NULL,
    rules_sha256 text NOT NULL,
    created_by bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT campaign_rules_pkey PRIMARY KEY (campaign_id, version),
    CONSTRAINT campaign_rules_campaign FOREIGN KEY (campaign_id) REFERENCES campaigns (id)
);

-- Candidates: every post made in the period one of whose revisions bore the topic. Which revision is judged, the freeze decides.
CREATE TABLE entries (
    campaign_id bigint NOT NULL,
    post_id bigint NOT NULL,
    author_id bigint NOT NULL,
    entered_at timestamptz NOT NULL,
    shortlisted_at timestamptz,
    shortlisted_by bigint,
    disqualified_at timestamptz,
    disqualified_by bigint,
    disqualified_reason text,
    disqualified_note text,
    CONSTRAINT entries_pkey PRIMARY KEY (campaign_id, post_id),
    CONSTRAINT entries_campaign FOREIGN KEY (campaign_id) REFERENCES campaigns (id),
    CONSTRAINT entries_post FOREIGN KEY (post_id) REFERENCES posts (id),
    CONSTRAINT entries_disqualified_whole CHECK ((disqualified_at IS NULL) = (disqualified_reason IS NULL))
);
CREATE INDEX entries_by_post ON entries (post_id);
CREATE INDEX entries_by_author ON entries (campaign_id, author_id);

CREATE TABLE jurors (
    campaign_id bigint NOT NULL,
    account_id bigint NOT NULL,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    CONSTRAINT jurors_pkey PRIMARY KEY (campaign_id, account_id),
    CONSTRAINT jurors_campaign FOREIGN KEY (campaign_id) REFERENCES campaigns (id),
    CONSTRAINT jurors_account FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE TABLE marks (
    campaign_id bigint NOT NULL,
    post_id bigint NOT NULL,
    juror_id bigint NOT NULL,
    score numeric(9, 6) NOT NULL,
    scores jsonb,
    note text,
    marked_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT marks_pkey PRIMARY KEY (campaign_id, post_id, juror_id),
    CONSTRAINT marks_entry FOREIGN KEY (campaign_id, post_id) REFERENCES entries (campaign_id, post_id),
    CONSTRAINT marks_range CHECK (score BETWEEN 0 AND 100)
);

CREATE TABLE voids (
    id bigint NOT NULL DEFAULT next_id(),
    campaign_id bigint NOT NULL,
    account_id bigint,
    post_id bigint,
    kinds text[] NOT NULL,
    reason_code text NOT NULL,
    note text,
    made_by bigint NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    withdrawn_at timestamptz,
    withdrawn_by bigint,
    CONSTRAINT voids_pkey PRIMARY KEY (id),
    CONSTRAINT voids_campaign FOREIGN KEY (campaign_id) REFERENCES campaigns (id),
    CONSTRAINT voids_one_target CHECK (num_nonnulls(account_id, post_id) = 1),
    CONSTRAINT voids_kinds_known CHECK (kinds <@ '{like,comment}'::text[] AND cardinality(kinds) > 0)
);
CREATE INDEX voids_standing ON voids (campaign_id) WHERE withdrawn_at IS NULL;

-- prizes -----------------------------------------------------------------------------------------------------------

-- A settlement that was undone stays; only one stands per campaign.
CREATE TABLE settlements (
    id bigint NOT NULL DEFAULT next_id(),
    campaign_id bigint NOT NULL,
    rules_version integer NOT NULL,
    frozen_at timestamptz NOT NULL,
    skipped jsonb NOT NULL DEFAULT '[]',
    result bytea,
    result_sha256 text,
    settled_at timestamptz,
    undone_at timestamptz,
    undone_by bigint,
    undone_reason text,
    CONSTRAINT settlements_pkey PRIMARY KEY (id),
    CONSTRAINT settlements_rules FOREIGN KEY (campaign_id, rules_version) REFERENCES campaign_rules (campaign_id, version),
    CONSTRAINT settlements_result_whole CHECK (num_nonnulls(result, result_sha256, settled_at) IN (0, 3))
);
CREATE UNIQUE INDEX settlements_one_stands ON settlements (campaign_id) WHERE undone_at IS NULL;

CREATE TABLE sheet_rows (
    settlement_id bigint NOT NULL,
    post_id bigint NOT NULL,
    account_id bigint NOT NULL,
    person bytea NOT NULL,
    entered_at timestamptz NOT NULL,
    revision integer NOT NULL,
    quality numeric(9, 6) NOT NULL,
    likes_counted integer NOT NULL,
    commenters_counted integer NOT NULL,
    eligible boolean NOT NULL,
    reason_code text,
    excluded jsonb NOT NULL DEFAULT '[]',
    CONSTRAINT sheet_rows_pkey PRIMARY KEY (settlement_id, post_id),
    CONSTRAINT sheet_rows_settlement FOREIGN KEY (settlement_id) REFERENCES settlements (id),
    CONSTRAINT sheet_rows_counts CHECK (likes_counted >= 0 AND commenters_counted >= 0),
    CONSTRAINT sheet_rows_reason CHECK (eligible = (reason_code IS NULL))
);

CREATE TABLE winners (
    id bigint NOT NULL DEFAULT next_id(),
    campaign_id bigint NOT NULL,
    settlement_id bigint NOT NULL,
    -- The place that is filled, and the rank in the order of all; a reserve who moves up fills a place with a rank of its own.
    place integer NOT NULL,
    rank integer NOT NULL,
    post_id bigint NOT NULL,
    account_id bigint NOT NULL,
    person bytea NOT NULL,
    score text NOT NULL,
    prizes jsonb NOT NULL,
    state text NOT NULL DEFAULT 'selected',
    state_reason text,
    selected_at timestamptz NOT NULL DEFAULT now(),
    notified_at timestamptz,
    claim_ends_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT winners_pkey PRIMARY KEY (id),
    CONSTRAINT winners_settlement FOREIGN KEY (settlement_id) REFERENCES settlements (id),
    CONSTRAINT winners_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT winners_one_prize_per_person UNIQUE (settlement_id, person),
    CONSTRAINT winners_state_known CHECK (
        state IN ('selected', 'notified', 'viewed', 'claimed', 'verified', 'shipped', 'received', 'lapsed', 'declined', 'forfeited')
    ),
    CONSTRAINT winners_clock_with_notice CHECK ((notified_at IS NULL) = (claim_ends_at IS NULL))
);
CREATE UNIQUE INDEX winners_one_per_place ON winners (settlement_id, place)
WHERE state NOT IN ('lapsed', 'declined', 'forfeited');
CREATE INDEX winners_by_account ON winners (account_id, id DESC);
CREATE INDEX winners_to_lapse ON winners (claim_ends_at) WHERE state IN ('notified', 'viewed');

CREATE TABLE reserves (
    settlement_id bigint NOT NULL,
    position integer NOT NULL,
    rank integer NOT NULL,
    post_id bigint NOT NULL,
    account_id bigint NOT NULL,
    person bytea NOT NULL,
    score text NOT NULL,
    promoted_at timestamptz,
    CONSTRAINT reserves_pkey PRIMARY KEY (settlement_id, position),
    CONSTRAINT reserves_settlement FOREIGN KEY (settlement_id) REFERENCES settlements (id)
);

-- Recipient data: sealed under the campaign's key, which lives outside of Postgres; the row's id is bound into the seal.
CREATE TABLE claims (
    winner_id bigint NOT NULL,
    campaign_id bigint NOT NULL,
    sealed bytea NOT NULL,
    masked jsonb NOT NULL,
    privacy_version text NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz,
    CONSTRAINT claims_pkey PRIMARY KEY (winner_id),
    CONSTRAINT claims_winner FOREIGN KEY (winner_id) REFERENCES winners (id)
);

-- inbox and messages -----------------------------------------------------------------------------------------------

CREATE TABLE inbox (
    id bigint NOT NULL DEFAULT next_id(),
    account_id bigint NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    deep_link text,
    subject jsonb NOT NULL DEFAULT '{}',
    once_key text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    read_at timestamptz,
    CONSTRAINT inbox_pkey PRIMARY KEY (id),
    CONSTRAINT inbox_account FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT inbox_once UNIQUE (account_id, once_key),
    CONSTRAINT inbox_kind_known CHECK (
        kind IN ('review_result', 'comment', 'reply', 'like', 'prize', 'claim_deadline', 'report_result', 'system')
    )
);
CREATE INDEX inbox_of_account ON inbox (account_id, id DESC);

-- SMS. The number and the template's values are sealed; `sending` is committed before the provider is called.
CREATE TABLE messages (
    id bigint NOT NULL DEFAULT next_id(),
    purpose text NOT NULL,
    account_id bigint,
    once_key text NOT NULL,
    sealed bytea NOT NULL,
    state text NOT NULL DEFAULT 'queued',
    not_before timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    sending_at timestamptz,
    sent_at timestamptz,
    ended_at timestamptz,
    provider text,
    provider_id text,
    error_code text,
    CONSTRAINT messages_pkey PRIMARY KEY (id),
    CONSTRAINT messages_once UNIQUE (once_key),
    CONSTRAINT messages_state_known CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'unknown', 'expired')),
    CONSTRAINT messages_sending_has_time CHECK (state NOT IN ('sending', 'sent', 'unknown') OR sending_at IS NOT NULL)
);
CREATE INDEX messages_open ON messages (state, not_before) WHERE state IN ('queued', 'sending');

-- review -----------------------------------------------------------------------------------------------------------

CREATE TABLE cases (
    id bigint NOT NULL DEFAULT next_id(),
    kind text NOT NULL,
    stage smallint NOT NULL DEFAULT 1,
    state text NOT NULL DEFAULT 'open',
    version integer NOT NULL DEFAULT 1,
    post_id bigint,
    comment_id bigint,
    account_id bigint,
    revision integer,
    author_id bigint NOT NULL,
    machine jsonb NOT NULL DEFAULT '{}',
    leased_by bigint,
    leased_until timestamptz,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    CONSTRAINT cases_pkey PRIMARY KEY (id),
    CONSTRAINT cases_kind_known CHECK (kind IN ('post', 'comment', 'name', 'avatar', 'report', 'appeal')),
    CONSTRAINT cases_state_known CHECK (state IN ('open', 'closed')),
    CONSTRAINT cases_closed_has_time CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CONSTRAINT cases_lease_whole CHECK ((leased_by IS NULL) = (leased_until IS NULL))
);
CREATE INDEX cases_urgent ON cases (due_at, id) WHERE state = 'open';
CREATE INDEX cases_by_post ON cases (post_id) WHERE post_id IS NOT NULL;
CREATE UNIQUE INDEX cases_one_open_per_post ON cases (post_id, revision) WHERE kind = 'post' AND state = 'open';
CREATE UNIQUE INDEX cases_one_per_comment ON cases (comment_id) WHERE kind = 'comment' AND state = 'open';

CREATE TABLE verdicts (
    id bigint NOT NULL DEFAULT next_id(),
    case_id bigint NOT NULL,
    stage smallint NOT NULL,
    post_id bigint,
    comment_id bigint,
    revision integer,
    content_sha256 bytea,
    author_id bigint NOT NULL,
    reviewer_id bigint NOT NULL,
    verdict text NOT NULL,
    reason_code text NOT NULL,
    note text,
    batch_id bigint,
    made_at timestamptz NOT NULL DEFAULT now(),
    undone_at timestamptz,
    CONSTRAINT verdicts_pkey PRIMARY KEY (id),
    CONSTRAINT verdicts_case FOREIGN KEY (case_id) REFERENCES cases (id),
    CONSTRAINT verdicts_not_by_the_author CHECK (reviewer_id <> author_id),
    CONSTRAINT verdicts_known CHECK (verdict IN ('approve', 'reject', 'remove', 'restore', 'dismiss', 'escalate'))
);
CREATE INDEX verdicts_by_case ON verdicts (case_id);
CREATE UNIQUE INDEX verdicts_one_per_reviewer_and_stage ON verdicts (case_id, stage, reviewer_id) WHERE undone_at IS NULL;
CREATE UNIQUE INDEX verdicts_no_two_stages_by_one ON verdicts (post_id, revision, reviewer_id)
WHERE undone_at IS NULL AND verdict = 'approve' AND post_id IS NOT NULL AND comment_id IS NULL;

-- audit: append-only; each row carries its own hash ------------------------------------------------------------------

CREATE TABLE audit (
    id bigint NOT NULL DEFAULT next_id(),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_id bigint,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id bigint,
    detail jsonb NOT NULL DEFAULT '{}',
    row_sha256 bytea NOT NULL,
    CONSTRAINT audit_pkey PRIMARY KEY (id)
);
CREATE INDEX audit_by_subject ON audit (subject_kind, subject_id, id DESC);
CREATE INDEX audit_by_actor ON audit (actor_id, id DESC);
