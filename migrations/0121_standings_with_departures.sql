-- Each reader of standings joined the leaving accounts, by reading all accounts: the row that it has already says it.
CREATE OR REPLACE VIEW standings_now AS
SELECT accounts.id AS account_id, sanctions_now.banned OR accounts.erased_at IS NOT NULL AS banned, sanctions_now.muted,
    EXISTS (
        SELECT FROM same_person_accounts AS same JOIN taken_down_accounts AS down ON down.account_id = same.same_id
        WHERE same.account_id = accounts.id
    ) AS taken_down,
    accounts.leaving_at IS NOT NULL AND accounts.erased_at IS NULL AS leaving
FROM accounts
JOIN sanctions_now ON sanctions_now.account_id = accounts.id;

DROP VIEW leaving_accounts;
