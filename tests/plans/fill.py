"""Fills a database large enough for a wrong plan to show: the same rows at each run, with a few items far more popular than others.

Post 1 is the most popular one, account 1 has the most posts, blocks and notifications, topic 1 is the most used one.
"""

from feed.postgres import Connection

POSTS = 50_000
PEOPLE = 20_000
VIRAL_POST = 1
BUSY_ACCOUNT = 1
BUSY_TOPIC = 1
CAMPAIGN = 1
# One with an announced result of 30,000 entries.
DECIDED_CAMPAIGN = 1000
LIKED_DRAW = 1001
REVIEWER = 20_000
# The ids of avatars are those of their accounts, from here on.
AVATARS = 1_000_000

# Tables that must not be scanned sequentially. The others stay small: `changes` is emptied several times a second.
GROWING = frozenset(
    [
        "account_settings",
        "accounts",
        "audit",
        "cases",
        "change_log",
        "comment_likes",
        "comments",
        "entries",
        "idempotency_keys",
        "inbox",
        "like_groups",
        "likes",
        "media",
        "messages",
        "past_comment_likes",
        "past_likes",
        "post_revisions",
        "post_stats",
        "posts",
        "pushes",
        "refresh_tokens",
        "result_rows",
        "sheet_rows",
        "relations",
        "sanctions",
        "sign_in_codes",
        "text_fingerprints",
        "topic_posts",
        "topics",
        "verdicts",
    ]
)

_STEPS = (
    # Makes random() below return the same values at each run.
    "SELECT setseed(0.5)",
    f"""
    INSERT INTO accounts (id, iss, sub, name, person, phone_verified_at, created_at, erased_at, content_erased_at, avatar_url)
    SELECT n, 'town', n::text, 'p' || n, convert_to('person ' || n, 'UTF8'), now() - interval '40 days', now() - interval '40 days',
           CASE WHEN n % 100 = 7 THEN now() - interval '20 days' END, CASE WHEN n % 100 = 7 THEN now() - interval '20 days' END,
           CASE WHEN n % 10 = 1 THEN to_char({AVATARS} + n, 'FM00000000000000000000') || '/list.webp' END
    FROM generate_series(1, {PEOPLE}) AS n
    """,
    "INSERT INTO topics (id, key, name) SELECT n, 't' || n, 't' || n FROM generate_series(1, 3000) AS n",
    f"""
    INSERT INTO posts (id, author_id, state, revision, latest_revision, created_at, published_at, deleted_at)
    SELECT n, author, state, revision, revision, at, CASE WHEN state <> 'pending' THEN at END, CASE WHEN state = 'deleted' THEN at END
    FROM (
        SELECT n, 1 + floor({PEOPLE} * random() ^ 3)::bigint AS author, 1 + (n % 10 = 0)::integer AS revision,
               now() - make_interval(mins => {POSTS} - n) AS at,
               CASE WHEN n = {VIRAL_POST} THEN 'published' WHEN random() < 0.94 THEN 'published'
                    ELSE (ARRAY['pending', 'rejected', 'removed', 'deleted'])[1 + n % 4] END AS state
        FROM generate_series(1, {POSTS}) AS n
    ) AS made
    """,
    """
    INSERT INTO post_revisions (post_id, revision, text, topic_ids, content_sha256, author_id, created_at, approved_at, media_ids)
    SELECT id, each, repeat('字', 60), ARRAY[1 + floor(3000 * random() ^ 3)::bigint], '', author_id, created_at, created_at,
           CASE WHEN id % 5 = 0 AND each = revision THEN ARRAY[id] ELSE '{}' END
    FROM posts, generate_series(1, revision) AS each
    """,
    # A photo in every fifth post, and an avatar of every tenth person.
    f"""
    INSERT INTO media (
        id, owner_id, kind, state, key, used_as, post_id, content_type, byte_count, part_bytes, upload_expires_at, uploaded_at, width,
        height, renditions, ready_at
    )
    SELECT id, owner_id, 'image', 'ready', to_char(id, 'FM00000000000000000000'), CASE WHEN post_id IS NULL THEN 'avatar' ELSE 'post' END,
           post_id, 'image/jpeg', 9, 9, now(), now(), 800, 600,
           '[{{"name": "full", "file": "full.webp", "content_type": "image/webp", "width": 800, "height": 600, "byte_count": 9}}]', now()
    FROM (
        SELECT id, author_id, id FROM posts WHERE id % 5 = 0
        UNION ALL SELECT {AVATARS} + id, id, NULL FROM accounts WHERE avatar_url IS NOT NULL
    ) AS given (id, owner_id, post_id)
    """,
    """
    INSERT INTO topic_posts (topic_id, published_at, post_id)
    SELECT topic_ids[1], published_at, id
    FROM visible_posts AS posts JOIN post_revisions ON post_id = id AND post_revisions.revision = posts.revision
    """,
    # 330,000 random pairs, without duplicates.
    f"""
    INSERT INTO likes (post_id, account_id, liked_at)
    SELECT 1 + floor({POSTS} * random() ^ 4)::bigint, 1 + floor({PEOPLE} * random())::bigint, now() - random() * interval '30 days'
    FROM generate_series(1, 330000)
    ON CONFLICT DO NOTHING
    """,
    f"""
    INSERT INTO past_likes (post_id, account_id, liked_at, unliked_at)
    SELECT 1 + floor({POSTS} * random() ^ 4)::bigint, 1 + floor({PEOPLE} * random())::bigint,
           now() - interval '20 days' - n * interval '1 second', now() - interval '10 days'
    FROM generate_series(1, 40000) AS n
    """,
    f"""
    INSERT INTO comments (post_id, id, author_id, text, state, root_id, reply_to_id, told, created_at, deleted_at)
    SELECT post_id, n, 1 + floor({PEOPLE} * random() ^ 2)::bigint, '好好好', state, root, root, n <= 99900,
           now() - make_interval(secs => (100000 - n) * 25), CASE WHEN state = 'deleted' THEN now() END
    FROM (
        SELECT n, 1 + floor({POSTS} * random() ^ 4)::bigint AS post_id, NULL::bigint AS root,
               CASE WHEN n % 40 = 0 THEN 'deleted' WHEN n % 41 = 0 THEN 'removed' ELSE 'published' END AS state
        FROM generate_series(1, 70000) AS n
    ) AS roots
    """,
    # Replies, most of them to early root comments.
    f"""
    INSERT INTO comments (post_id, id, author_id, text, state, root_id, reply_to_id, told, created_at)
    SELECT roots.post_id, n, 1 + floor({PEOPLE} * random() ^ 2)::bigint, '好', 'published', roots.id, roots.id, n <= 99900,
           now() - make_interval(secs => (100000 - n) * 25)
    FROM (SELECT n, 1 + floor(70000 * random() ^ 4)::bigint AS root FROM generate_series(70001, 100000) AS n) AS given
    JOIN comments AS roots ON roots.id = given.root
    """,
    f"""
    INSERT INTO comment_likes (post_id, comment_id, account_id)
    SELECT post_id, id, 1 + floor({PEOPLE} * random())::bigint
    FROM (SELECT 1 + floor(70000 * random() ^ 3)::bigint AS id FROM generate_series(1, 60000)) AS given JOIN comments USING (id)
    ON CONFLICT DO NOTHING
    """,
    f"""
    INSERT INTO past_comment_likes (post_id, comment_id, account_id, liked_at, unliked_at)
    SELECT post_id, id, 1 + floor({PEOPLE} * random())::bigint, now() - interval '2 days', now() - interval '1 day'
    FROM comments WHERE id % 10 = 0
    """,
    """
    UPDATE comments SET reply_count = counted.replies, like_count = counted.likes
    FROM (
        SELECT id, (SELECT count(*) FROM comments AS reply WHERE reply.root_id = root.id AND reply.state = 'published') AS replies,
               (SELECT count(*) FROM comment_likes AS l WHERE l.post_id = root.post_id AND l.comment_id = root.id) AS likes
        FROM comments AS root
    ) AS counted
    WHERE comments.id = counted.id AND (counted.replies > 0 OR counted.likes > 0)
    """,
    """
    INSERT INTO post_stats (post_id, like_count, own_like_count, comment_count, own_comment_count)
    SELECT posts.id, coalesce(liked.count, 0), coalesce(liked.own, 0), coalesce(said.count, 0), coalesce(said.own, 0)
    FROM posts
    LEFT JOIN (
        SELECT post_id, count(*) AS count, count(*) FILTER (WHERE account_id = author_id) AS own
        FROM likes JOIN posts ON posts.id = post_id GROUP BY post_id
    ) AS liked ON liked.post_id = posts.id
    LEFT JOIN (
        SELECT post_id, count(*) AS count, count(*) FILTER (WHERE comments.author_id = posts.author_id) AS own
        FROM comments JOIN posts ON posts.id = post_id WHERE comments.state = 'published' GROUP BY post_id
    ) AS said ON said.post_id = posts.id
    """,
    """
    UPDATE accounts SET post_count = counted.count
    FROM (SELECT author_id, count(*) AS count FROM visible_posts GROUP BY author_id) AS counted WHERE counted.author_id = accounts.id
    """,
    # Two hundred cancelled campaigns, and one on the busiest topic that has been open for two days.
    """
    INSERT INTO campaigns (id, topic_id, state, draft, rules_version, starts_at, ends_at, settle_at, created_by, published_at)
    SELECT n, CASE WHEN n = 1 THEN 1 ELSE n END, CASE WHEN n = 1 THEN 'scheduled' ELSE 'cancelled' END, $1, 1,
           now() - interval '2 days', now() + interval '2 days', now() + interval '5 days', 1, now() - interval '2 days'
    FROM generate_series(1, 200) AS n
    """,
    # One with an announced result of 30,000 entries, among the results of fifty others.
    """
    INSERT INTO campaigns (
        id, topic_id, state, draft, rules_version, starts_at, ends_at, settle_at, frozen_at, announced_first_by, announced_by, created_by
    )
    SELECT 1000, 200, 'announced', $1, 1, now() - interval '9 days', now() - interval '5 days', now() - interval '4 days',
           now() - interval '4 days', 1, 2, 1
    """,
    # A draw that is entered by liking the post that all accounts like.
    f"""
    INSERT INTO campaigns (id, topic_id, state, draft, rules_version, starts_at, ends_at, settle_at, created_by, entry_by, entry_post_id)
    SELECT {LIKED_DRAW}, 200, 'cancelled', $1, 1, now() - interval '9 days', now() + interval '1 day', now() + interval '4 days', 1, 'like', {VIRAL_POST}
    """,
    """
    INSERT INTO campaign_rules (campaign_id, version, rules, rules_text, rules_sha256, created_by)
    SELECT id, 1, draft, '', '', 1 FROM campaigns
    """,
    """
    INSERT INTO settlements (id, campaign_id, rules_version, frozen_at, result, result_sha256, settled_at, format)
    SELECT n, n, 1, now(), ''::bytea, 'x', now(), 2 FROM generate_series(2, 51) AS n UNION ALL SELECT 1, 1000, 1, now(), ''::bytea, 'x', now(), 2
    """,
    "INSERT INTO result_heads (settlement_id, document) SELECT id, '{}' FROM settlements",
    """
    INSERT INTO result_hashes (settlement_id, level, hashes)
    SELECT 1, level, decode(repeat('00', 32 * (30000 >> level)), 'hex') FROM generate_series(0, 14) AS level
    UNION ALL
    SELECT n, 0, decode(repeat('00', 32000), 'hex') FROM generate_series(2, 51) AS n
    """,
    """
    INSERT INTO result_rows (settlement_id, entry_id, account_id, position, document)
    SELECT settlement_id, n, 1 + n % 15000, n - 1, repeat('x', 300)::bytea
    FROM generate_series(1, 51) AS settlement_id, generate_series(1, CASE WHEN settlement_id = 1 THEN 30000 ELSE 1000 END) AS n
    """,
    """
    INSERT INTO sheet_rows (
        settlement_id, post_id, account_id, person, entered_at, revision, quality, likes_counted, commenters_counted, eligible
    )
    SELECT settlement_id, entry_id, account_id, '', now(), 1, 0, 0, 0, true FROM result_rows
    """,
    """
    INSERT INTO entries (campaign_id, post_id, author_id, entered_at)
    SELECT campaigns.id, posts.id, posts.author_id, posts.created_at
    FROM campaigns JOIN post_revisions ON campaigns.topic_id = post_revisions.topic_ids[1]
    JOIN posts ON posts.id = post_revisions.post_id
    WHERE campaigns.id > 1 OR posts.created_at >= campaigns.starts_at
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO marks (campaign_id, post_id, juror_id, score)
    SELECT campaign_id, post_id, juror, 50 FROM entries, generate_series(1, 3) AS juror WHERE campaign_id = 1
    """,
    """
    INSERT INTO voids (campaign_id, account_id, kinds, reason_code, made_by)
    SELECT 1, n * 50, '{like,comment}', 'bought', 2 FROM generate_series(1, 100) AS n
    """,
    f"""
    INSERT INTO relations (account_id, target_id, kind)
    SELECT DISTINCT one, other, kind
    FROM (
        SELECT 1 + floor({PEOPLE} * random() ^ 2)::bigint AS one, 1 + floor({PEOPLE} * random())::bigint AS other,
               (ARRAY['block', 'mute'])[1 + n % 2] AS kind
        FROM generate_series(1, 30000) AS n
    ) AS given
    WHERE one <> other
    """,
    # As many blocks as an account may have.
    f"""
    INSERT INTO relations (account_id, target_id, kind)
    SELECT {BUSY_ACCOUNT}, n, 'block' FROM generate_series(2, 1000) AS n ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO sanctions (account_id, kind, reason_code, starts_at, until, lifted_at)
    SELECT n * 4, 'ban', 'spam', now() - interval '9 days', now() + interval '9 days', CASE WHEN n % 5 <> 0 THEN now() END
    FROM generate_series(1, 5000) AS n
    """,
    """
    INSERT INTO staff_rights (account_id, role)
    SELECT 20000 - n, (ARRAY['reviewer', 'editor'])[1 + n % 2] FROM generate_series(0, 30) AS n
    """,
    "INSERT INTO account_settings (account_id, quiet) SELECT n * 5, '{like}' FROM generate_series(1, 4000) AS n",
    """
    INSERT INTO inbox (id, account_id, kind, title, body, once_key, about_post_id, actor_id, created_at, read_at)
    SELECT n, 1 + floor(20000 * random() ^ 5)::bigint, (ARRAY['like', 'comment', 'reply', 'system'])[1 + n % 4], 't', 'b', 'k' || n,
           CASE WHEN n % 4 <> 3 THEN 1 + n % 50000 END, CASE WHEN n % 4 <> 3 THEN 1 + n % 20000 END,
           now() - make_interval(mins => 60000 - n), CASE WHEN n < 55000 THEN now() END
    FROM generate_series(1, 60000) AS n
    """,
    """
    INSERT INTO pushes (inbox_id, account_id, once_key, state, tries, due_at, ended_at)
    SELECT id, account_id, once_key, CASE WHEN id <= 59800 THEN 'delivered' WHEN id <= 59900 THEN 'dead' ELSE 'waiting' END, 1,
           now() - interval '1 minute', CASE WHEN id <= 59900 THEN now() - make_interval(mins => 10080 - (id / 6)::integer) END
    FROM inbox
    """,
    "UPDATE push_hook SET served_at = now()",
    """
    INSERT INTO cases (id, kind, state, post_id, revision, author_id, due_at, created_at, closed_at, leased_by, leased_until)
    SELECT id, 'post', CASE WHEN id > 48000 THEN 'open' ELSE 'closed' END, id, revision, author_id, created_at + interval '30 minutes',
           created_at, CASE WHEN id <= 48000 THEN created_at END,
           CASE WHEN id BETWEEN 48001 AND 48400 THEN 20000 - id % 31 END,
           CASE WHEN id BETWEEN 48001 AND 48400 THEN now() + interval '5 minutes' END
    FROM posts
    """,
    """
    INSERT INTO cases (id, kind, state, post_id, comment_id, author_id, due_at, created_at, closed_at)
    SELECT 1000000 + id, 'comment', CASE WHEN id > 98000 THEN 'open' ELSE 'closed' END, post_id, id, author_id,
           created_at + interval '30 minutes', created_at, CASE WHEN id <= 98000 THEN created_at END
    FROM comments
    """,
    "UPDATE cases SET stage = 2 WHERE state = 'open' AND id % 10 = 0",
    """
    INSERT INTO verdicts (id, case_id, stage, post_id, comment_id, revision, author_id, reviewer_id, verdict, reason_code)
    SELECT id, id, 1, post_id, comment_id, revision, author_id, CASE WHEN author_id > 19960 THEN 1 ELSE 20000 - (id % 31) END,
           CASE WHEN state = 'closed' THEN 'dismiss' ELSE 'escalate' END, 'ok'
    FROM cases WHERE state = 'closed' OR stage = 2
    """,
    """
    INSERT INTO text_fingerprints (case_id, account_id, exact, simhash, band_1, band_2, band_3, band_4)
    SELECT id, author_id, id % 9000, id, id % 8000, id % 7000, id % 6000, id % 50
    FROM cases WHERE id <= 40000
    """,
    """
    INSERT INTO change_log (number, post_id, version, made_at, numbered_at)
    SELECT n, 1 + floor(50000 * random() ^ 4)::bigint, n, now() - make_interval(secs => (100000 - n) * 6.3),
           now() - make_interval(secs => (100000 - n) * 6.3)
    FROM generate_series(1, 100000) AS n
    """,
    "UPDATE change_numbers SET last_number = 100000",
    "UPDATE inbox_position SET number = 99980",
    "INSERT INTO changes (post_id, id, version) SELECT 1 + n * 37 % 50000, n, n FROM generate_series(1, 2000) AS n",
    """
    INSERT INTO like_groups (post_id, due_at, refreshed_at, like_count)
    SELECT n, CASE WHEN n % 4000 = 0 THEN now() - interval '1 second' END, now() - interval '1 hour', 1
    FROM generate_series(1, 20000) AS n
    """,
    """
    INSERT INTO idempotency_keys (account_id, route, key, body_sha256, answer_id, created_at)
    SELECT 1 + n % 20000, 'POST /v1/posts', 'k' || n, '', n, now() - make_interval(secs => n * 3) FROM generate_series(1, 29000) AS n
    """,
    """
    INSERT INTO refresh_tokens (token_hash, account_id, expires_at)
    SELECT convert_to('t' || n, 'UTF8'), 1 + n % 20000, now() + make_interval(hours => n - 100) FROM generate_series(1, 20000) AS n
    """,
    """
    INSERT INTO sign_in_codes (person, code_hash, tries_left, created_at, expires_at)
    SELECT convert_to('person ' || n, 'UTF8'), '', 5, now() - make_interval(secs => n * 8), now() - make_interval(secs => n * 8 - 300)
    FROM generate_series(1, 10900) AS n
    """,
    """
    INSERT INTO account_events (event_id, received_at)
    SELECT 'e' || n, now() - make_interval(mins => n * 4) FROM generate_series(1, 10700) AS n
    """,
    """
    INSERT INTO messages (purpose, account_id, once_key, sealed, provider, state, sending_at, not_before)
    SELECT 'sign_in_code', n, 'm' || n, '', 'file', CASE WHEN n <= 19900 THEN 'sent' WHEN n <= 19990 THEN 'queued' ELSE 'sending' END,
           now() - interval '1 hour', now() - interval '1 hour'
    FROM generate_series(1, 20000) AS n
    """,
    """
    INSERT INTO audit (actor_id, action, subject_kind, subject_id, row_sha256)
    SELECT 20000 - n % 31, 'case.dismiss', 'post', n, '' FROM generate_series(1, 50000) AS n
    """,
)


async def fill(conn: Connection, rules: object) -> None:
    """Fills an empty, migrated database; `rules` are those of the campaigns."""
    for step in _STEPS:
        await conn.execute(step, *([rules] if "$1" in step else []))
    await conn.execute("VACUUM (ANALYZE)")
