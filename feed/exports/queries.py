"""What an export holds: one query for each table of the register that is exported, for the account $1.

They leave out who else acted: reviewers, reporters, other staff. What is not public before a result is announced is left out until then.
"""

from typing import NamedTuple


class Query(NamedTuple):
    """The rows of one table."""

    table: str
    sql: str


QUERIES: tuple[Query, ...] = (
    Query(
        "accounts",
        """
        SELECT accounts.id, iss, sub, coalesce(departures.name, accounts.name) AS name,
               coalesce(departures.bio, accounts.bio) AS bio, avatar_address(coalesce(departures.avatar_url, accounts.avatar_url)) AS avatar_url,
               accounts.badge, age_band, phone_verified_at, post_count, created_at, leaving_at
        FROM accounts LEFT JOIN departures ON departures.account_id = accounts.id AND departures.step <> 'returning'
        WHERE accounts.id = $1
        """,
    ),
    Query(
        "profile_changes",
        "SELECT id, field, former, value, state, created_at, changed_at FROM profile_changes WHERE account_id = $1 ORDER BY id",
    ),
    Query("account_settings", "SELECT quiet, changed_at FROM account_settings WHERE account_id = $1"),
    Query(
        "relations",
        "SELECT target_id, kind, since FROM relations WHERE account_id = $1 ORDER BY since, target_id",
    ),
    Query(
        "sanctions",
        "SELECT id, kind, reason_code, starts_at, until, lifted_at FROM sanctions WHERE account_id = $1 ORDER BY id",
    ),
    Query(
        "staff_rights",
        "SELECT role, granted_at, revoked_at FROM staff_rights WHERE account_id = $1 ORDER BY id",
    ),
    Query("bylines", "SELECT name FROM bylines WHERE account_id = $1"),
    Query(
        "sign_ins",
        "SELECT family AS id, device, region, created_at, used_at, ended_at FROM sign_ins WHERE account_id = $1 ORDER BY family",
    ),
    Query(
        "posts",
        """
        SELECT id, shown_state(state, holds) AS state, revision, comment_policy, location, ip_region, ai_generated, created_at,
               published_at, edited_at, deleted_at
        FROM posts WHERE author_id = $1 ORDER BY id
        """,
    ),
    Query(
        "post_revisions",
        """
        SELECT post_id, revisions.revision, text, media_ids, topics, revisions.created_at, approved_at, refused_at
        FROM posts JOIN post_revisions AS revisions ON revisions.post_id = posts.id
        WHERE posts.author_id = $1
        ORDER BY post_id, revisions.revision
        """,
    ),
    Query(
        "media",
        """
        SELECT id, kind, state, used_as, post_id, campaign_id, alt, content_type, byte_count, width, height, duration_ms, ai_source,
               error_code, created_at, removed_at, removed_for
        FROM media WHERE owner_id = $1 ORDER BY id
        """,
    ),
    Query(
        "comments",
        """
        SELECT post_id, id, root_id, reply_to_id, text, shown_state(state, holds) AS state, ip_region, created_at, deleted_at
        FROM comments WHERE author_id = $1 ORDER BY post_id, id
        """,
    ),
    Query(
        "comment_revisions",
        """
        SELECT revisions.post_id, revisions.comment_id, revisions.revision, revisions.text, revisions.created_at, approved_at, refused_at
        FROM comments
        JOIN comment_revisions AS revisions ON revisions.post_id = comments.post_id AND revisions.comment_id = comments.id
        WHERE comments.author_id = $1
        ORDER BY revisions.post_id, revisions.comment_id, revisions.revision
        """,
    ),
    Query("likes", "SELECT post_id, liked_at FROM likes WHERE account_id = $1 ORDER BY post_id"),
    Query(
        "past_likes",
        "SELECT post_id, liked_at, unliked_at FROM past_likes WHERE account_id = $1 ORDER BY post_id, liked_at",
    ),
    Query(
        "comment_likes",
        "SELECT post_id, comment_id, liked_at FROM comment_likes WHERE account_id = $1 ORDER BY post_id, comment_id",
    ),
    Query(
        "past_comment_likes",
        """
        SELECT post_id, comment_id, liked_at, unliked_at FROM past_comment_likes
        WHERE account_id = $1 ORDER BY post_id, comment_id, liked_at
        """,
    ),
    Query(
        "inbox",
        """
        SELECT id, kind, title, body, template, params, deep_link, created_at, read_at
        FROM shown_inbox WHERE account_id = $1 ORDER BY id
        """,
    ),
    Query(
        "messages",
        "SELECT id, purpose, state, created_at, sent_at, ended_at FROM messages WHERE account_id = $1 ORDER BY id",
    ),
    Query(
        "cases",
        """
        SELECT id, kind, stage, state, post_id, comment_id, account_id, revision, created_at, closed_at
        FROM cases WHERE author_id = $1 AND (kind <> 'report' OR state = 'closed') ORDER BY id
        """,
    ),
    Query(
        "verdicts",
        """
        SELECT verdicts.id, verdicts.case_id, verdicts.stage, verdicts.post_id, verdicts.comment_id, verdicts.revision, verdict,
               reason_code, made_at, undone_at
        FROM cases JOIN verdicts ON verdicts.case_id = cases.id
        WHERE cases.author_id = $1
        ORDER BY verdicts.id
        """,
    ),
    Query(
        "appeals",
        """
        SELECT id, decision_kind, decision_id, text, state, reason_code, made_at, decided_at
        FROM appeals WHERE account_id = $1 ORDER BY id
        """,
    ),
    Query(
        "takedowns",
        """
        SELECT id, kind, target, post_id, revision, reason_code, created_at, lifted_at
        FROM takedowns WHERE author_id = $1 ORDER BY id
        """,
    ),
    Query(
        "reports",
        """
        SELECT id, target_kind, target_id, revision, reason_code, note, state, made_at, decided_at
        FROM reports WHERE reporter_id = $1 ORDER BY id
        """,
    ),
    Query(
        "voids",
        "SELECT id, campaign_id, post_id, kinds, reason_code, made_at, withdrawn_at FROM voids WHERE account_id = $1 ORDER BY id",
    ),
    Query("facts_set_aside", "SELECT campaign_id, reason, at FROM facts_set_aside WHERE account_id = $1 ORDER BY at"),
    Query(
        "entries",
        """
        SELECT campaign_id, post_id, entered_at, disqualified_at, disqualified_reason
        FROM entries WHERE author_id = $1 ORDER BY campaign_id, post_id
        """,
    ),
    Query(
        "jurors",
        "SELECT campaign_id, assigned_at, removed_at FROM jurors WHERE account_id = $1 ORDER BY campaign_id",
    ),
    Query(
        "marks",
        """
        SELECT campaign_id, post_id, score, scores, note, marked_at, revision FROM marks
        WHERE juror_id = $1 ORDER BY campaign_id, post_id
        """,
    ),
    Query(
        "past_marks",
        """
        SELECT campaign_id, post_id, score, scores, note, revision, marked_at, replaced_at FROM past_marks
        WHERE juror_id = $1 ORDER BY campaign_id, post_id, marked_at
        """,
    ),
    Query(
        "recusals",
        "SELECT campaign_id, post_id, reason, declared_at FROM recusals WHERE juror_id = $1 ORDER BY campaign_id, declared_at",
    ),
    Query(
        "sheet_rows",
        """
        SELECT settlements.campaign_id, post_id, comment_id, entered_at, revision, quality, likes_counted, commenters_counted,
               eligible, reason_code, rank
        FROM sheet_rows
        JOIN settlements ON settlements.id = sheet_rows.settlement_id AND settlements.undone_at IS NULL
        JOIN campaigns ON campaigns.id = settlements.campaign_id AND campaigns.announced_at IS NOT NULL
        WHERE account_id = $1
        ORDER BY settlements.campaign_id, entry_id
        """,
    ),
    Query(
        "winners",
        """
        SELECT id, campaign_id, place, rank, post_id, comment_id, score, prizes, state, state_reason, notified_at, claim_ends_at, ended_at
        FROM winners WHERE account_id = $1 AND notified_at IS NOT NULL ORDER BY id
        """,
    ),
    Query(
        "reserves",
        """
        SELECT settlements.campaign_id, position, rank, post_id, comment_id, score, promoted_at
        FROM reserves
        JOIN settlements ON settlements.id = reserves.settlement_id AND settlements.undone_at IS NULL
        JOIN campaigns ON campaigns.id = settlements.campaign_id AND campaigns.announced_at IS NOT NULL
        WHERE account_id = $1
        ORDER BY settlements.campaign_id, position
        """,
    ),
    Query(
        "claims",
        """
        SELECT claims.winner_id, claims.campaign_id, masked, privacy_version, claimed_at, changed_at
        FROM winners JOIN claims ON claims.winner_id = winners.id
        WHERE winners.account_id = $1
        ORDER BY claims.winner_id
        """,
    ),
    Query(
        "shipments",
        """
        SELECT shipments.winner_id, carrier, tracking_no, shipped_at
        FROM winners JOIN shipments ON shipments.winner_id = winners.id
        WHERE winners.account_id = $1
        ORDER BY shipments.winner_id
        """,
    ),
    Query(
        "objections",
        """
        SELECT id, campaign_id, kind, post_id, comment_id, text, made_at, answer, answered_at, remedy, remedied_at
        FROM objections WHERE account_id = $1 ORDER BY id
        """,
    ),
)
