-- An index of an expression has no statistics until its table is analyzed, which autovacuum does only after many changes. Without them a
-- person is taken for hundreds of accounts, and each ban reads all likes. An empty database has nothing to analyze.
DO $$
BEGIN
    IF EXISTS (SELECT FROM accounts) THEN
        ANALYZE accounts;
    END IF;
END
$$;
