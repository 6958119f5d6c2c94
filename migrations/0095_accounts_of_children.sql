-- Whether an author is a child, for each post and comment: the few children, and never all accounts.
-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS accounts_of_children ON accounts (id) WHERE age_band = 'under_14';
