-- Which accounts are one person, what an account is forbidden now, and between whom a block holds: each was written out in several statements, which disagreed.

-- Accounts with the same verified phone are one person; an account without one is a person of its own. `person` is never null here.
CREATE VIEW persons AS
SELECT accounts.id AS account_id, coalesce(accounts.person, int8send(accounts.id)) AS person
FROM accounts;

-- Finds the accounts of a person from any of them.
CREATE INDEX accounts_of_person ON accounts ((coalesce(person, int8send(id))));

-- For each account those of the same person, itself included.
CREATE VIEW same_person_accounts AS
SELECT one.account_id, other.account_id AS same_id
FROM persons AS one
JOIN persons AS other ON other.person = one.person;

-- Who is under a sanction now, one row for each account. A sanction is imposed on one account and holds for every account of the person,
-- also for one whose phone is verified later. Aggregated for each account: so no plan begins with all sanctions.
CREATE VIEW sanctions_now AS
SELECT me.account_id, held.banned, held.muted
FROM persons AS me
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(sanctions.kind = 'ban'), false) AS banned, coalesce(bool_or(sanctions.kind = 'mute'), false) AS muted
    FROM persons AS same
    JOIN sanctions ON sanctions.account_id = same.account_id
    WHERE same.person = me.person AND sanctions.lifted_at IS NULL
        AND sanctions.starts_at <= clock_timestamp() AND (sanctions.until IS NULL OR sanctions.until > clock_timestamp())
) AS held;

-- What an account is forbidden now, one row for each. An erased account may do as little as a banned one, other accounts of the person
-- may do what no sanction forbids.
CREATE VIEW standings_now AS
SELECT accounts.id AS account_id, sanctions_now.banned OR accounts.erased_at IS NOT NULL AS banned, sanctions_now.muted
FROM accounts
JOIN sanctions_now ON sanctions_now.account_id = accounts.id;

-- Whom an account does not meet, and why. A block holds in both directions, by whichever side it was made; a mute in its own only.
CREATE VIEW kept_apart AS
SELECT relations.account_id, relations.target_id AS other_id, relations.kind FROM relations
UNION ALL
SELECT relations.target_id, relations.account_id, relations.kind FROM relations WHERE relations.kind = 'block';

DROP VIEW banned_now;

-- Who must not mark what: the author, with any account, and who has declared a conflict with any account of the author.
CREATE OR REPLACE VIEW conflicts AS
SELECT entries.campaign_id, entries.post_id, author.same_id AS account_id
FROM entries
JOIN same_person_accounts AS author ON author.account_id = entries.author_id
UNION ALL
SELECT entries.campaign_id, entries.post_id, recusals.juror_id
FROM entries
JOIN same_person_accounts AS author ON author.account_id = entries.author_id
JOIN recusals ON recusals.campaign_id = entries.campaign_id AND recusals.author_id = author.same_id;
