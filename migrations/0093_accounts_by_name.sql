-- Who has a name, without a scan; at most one account where names are unique.
-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS accounts_by_name_key ON accounts (name_key) WHERE name_key IS NOT NULL;
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS accounts_unique_name ON accounts (unique_name_key) WHERE unique_name_key IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS accounts_without_name_key ON accounts (id) WHERE name_key IS NULL AND erased_at IS NULL;
