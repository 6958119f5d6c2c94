-- One approval per account and revision was unique; two accounts of one person are one person, and comments have chains too. Verdicts of earlier versions name no person.
-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS verdicts_one_approval_per_person;
CREATE UNIQUE INDEX CONCURRENTLY verdicts_one_approval_per_person ON verdicts (post_id, revision, reviewer_person)
WHERE undone_at IS NULL AND verdict = 'approve' AND post_id IS NOT NULL AND comment_id IS NULL AND reviewer_person IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS verdicts_one_approval_per_person_of_comments;
CREATE UNIQUE INDEX CONCURRENTLY verdicts_one_approval_per_person_of_comments ON verdicts (comment_id, coalesce(revision, 1), reviewer_person)
WHERE undone_at IS NULL AND verdict = 'approve' AND comment_id IS NOT NULL AND reviewer_person IS NOT NULL;
-- Of the nightly proof: what was approved since its last run.
DROP INDEX CONCURRENTLY IF EXISTS post_revisions_approved;
CREATE INDEX CONCURRENTLY post_revisions_approved ON post_revisions (approved_at) WHERE approved_at IS NOT NULL;
