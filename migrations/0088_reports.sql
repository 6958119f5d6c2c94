-- Readers had no way to report what they see.
-- A report of a post, a comment, an account or a topic: one for each person and revision. Its case is the one in which it is decided;
-- `counts`: toward the threshold that hides the target. `notified` is the state that its reporter was last notified of.
CREATE TABLE reports (
    id bigint NOT NULL DEFAULT next_id(),
    case_id bigint NOT NULL,
    target_kind text NOT NULL,
    -- An id is given once in all tables.
    target_id bigint NOT NULL,
    -- 0 for what has no revisions.
    revision integer NOT NULL,
    reporter_id bigint NOT NULL,
    reporter_person bytea NOT NULL,
    reason_code text NOT NULL,
    note text,
    counts boolean NOT NULL,
    state text NOT NULL DEFAULT 'open',
    notified text NOT NULL DEFAULT 'open',
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_at timestamptz,
    -- The latest verdict about it; it stays when the verdict is undone.
    verdict_id bigint,
    CONSTRAINT reports_pkey PRIMARY KEY (id),
    CONSTRAINT reports_case FOREIGN KEY (case_id) REFERENCES cases (id),
    CONSTRAINT reports_reporter FOREIGN KEY (reporter_id) REFERENCES accounts (id),
    CONSTRAINT reports_target_known CHECK (target_kind IN ('post', 'comment', 'user', 'topic')),
    CONSTRAINT reports_state_known CHECK (state IN ('open', 'upheld', 'dismissed')),
    CONSTRAINT reports_notified_known CHECK (notified IN ('open', 'upheld', 'dismissed')),
    CONSTRAINT reports_decided_by_a_verdict CHECK (
        (state = 'open') = (decided_at IS NULL) AND (state = 'open' OR verdict_id IS NOT NULL)
    )
);
-- What has no revisions may be reported again after the decision.
CREATE UNIQUE INDEX reports_once ON reports (target_id, revision, reporter_person) WHERE revision > 0 OR state = 'open';
-- An account that has changed its phone is another person.
CREATE UNIQUE INDEX reports_once_by_account ON reports (target_id, revision, reporter_id) WHERE revision > 0 OR state = 'open';
CREATE INDEX reports_of_case ON reports (case_id, id);
CREATE INDEX reports_of_account ON reports (reporter_id, id);
CREATE INDEX reports_to_notify ON reports (id) WHERE state <> notified;

-- What was reported, as it was then: the author may change or delete it before the decision.
CREATE TABLE report_evidence (
    case_id bigint NOT NULL,
    revision integer NOT NULL,
    content jsonb NOT NULL,
    author_id bigint,
    captured_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT report_evidence_pkey PRIMARY KEY (case_id, revision),
    CONSTRAINT report_evidence_case FOREIGN KEY (case_id) REFERENCES cases (id)
);

-- A topic has no author.
ALTER TABLE cases
    -- squawk-ignore ban-drop-not-null
    ALTER COLUMN author_id DROP NOT NULL,
    ADD CONSTRAINT cases_author CHECK (author_id IS NOT NULL OR topic_id IS NOT NULL) NOT VALID,
    -- The verdict on another case of the subject with which this one was closed: undoing it opens this one again.
    ADD COLUMN closed_with bigint;
ALTER TABLE cases VALIDATE CONSTRAINT cases_author;
ALTER TABLE verdicts
    -- squawk-ignore ban-drop-not-null
    ALTER COLUMN author_id DROP NOT NULL,
    -- The holds (feed/cases/holds.py) that the verdict has lifted: undoing it sets them again.
    ADD COLUMN lifted_holds integer NOT NULL DEFAULT 0,
    -- The state of the subject before the verdict, to which undoing it returns; NULL: not recorded, it was visible.
    ADD COLUMN state_before text;

-- All open reports of a subject are in one case.
CREATE UNIQUE INDEX cases_one_report ON cases (coalesce(comment_id, post_id, account_id, topic_id)) WHERE kind = 'report' AND state = 'open';
CREATE INDEX cases_closed_with ON cases (closed_with) WHERE closed_with IS NOT NULL;
-- Of a comment: what was decided, and what is disputed. Not all cases: a comment's first case costs no further index.
CREATE INDEX cases_decided_of_comments ON cases (comment_id) WHERE comment_id IS NOT NULL AND state = 'closed';
CREATE INDEX cases_disputed_of_comments ON cases (comment_id) WHERE comment_id IS NOT NULL AND kind IN ('report', 'appeal');

-- When a person approved which revision (NULL: any) of a post or a comment: the last stage of its review, a restored item, a report
-- that was dismissed. What was approved is not hidden by older reports.
CREATE VIEW human_approvals AS
SELECT cases.post_id, cases.comment_id, cases.revision, verdicts.made_at
FROM cases
JOIN verdicts ON verdicts.case_id = cases.id AND verdicts.undone_at IS NULL
WHERE cases.state = 'closed'
    AND (verdicts.verdict IN ('approve', 'restore') OR (verdicts.verdict = 'dismiss' AND cases.kind = 'report'));
