-- A ban holds for the person: whoever is banned now, with whatever account of the same phone, and so must not move up or be announced.
CREATE VIEW banned_now AS
SELECT sanctions.account_id
FROM sanctions
WHERE sanctions.kind = 'ban' AND sanctions.lifted_at IS NULL
    AND sanctions.starts_at <= clock_timestamp() AND (sanctions.until IS NULL OR sanctions.until > clock_timestamp())
UNION ALL
SELECT same.id
FROM accounts AS same
JOIN accounts AS banned ON banned.person = same.person
JOIN sanctions ON sanctions.account_id = banned.id
WHERE sanctions.kind = 'ban' AND sanctions.lifted_at IS NULL
    AND sanctions.starts_at <= clock_timestamp() AND (sanctions.until IS NULL OR sanctions.until > clock_timestamp());
