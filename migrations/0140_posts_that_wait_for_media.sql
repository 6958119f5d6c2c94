-- Posts that wait for their media: a job looks for those that a worker has left behind. 32 is Hold.MEDIA of feed/cases/holds.py.
-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS posts_waiting_for_media ON posts (id) WHERE holds & 32 <> 0;
