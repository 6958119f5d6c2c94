-- What the accounts of a person have uploaded within a day: bytes, and files that are used for nothing.
-- no-transaction
-- Dropped first: a build that was interrupted leaves an invalid index.
DROP INDEX CONCURRENTLY IF EXISTS media_of_owner_by_time;
CREATE INDEX CONCURRENTLY media_of_owner_by_time ON media (owner_id, created_at) INCLUDE (byte_count, used_as, removed_at);
