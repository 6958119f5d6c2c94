-- Finds the cases whose texts the later checks have not seen.
-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS cases_to_check ON cases (id)
    WHERE layers = 0 AND state = 'open' AND kind IN ('post', 'comment');
