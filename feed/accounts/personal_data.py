"""The register of personal data: for each table that refers to people, what an export holds of it and what erasure does with it.

Export and erasure are tested against it, and a test fails for a column that is not listed. A new table gets an entry here, a table
without anything of people a word in NOT_PERSONAL.
"""

from feed.accounts.personal_data_of_prizes import TABLES_OF_PRIZES
from feed.accounts.personal_table import DECIDED, HASH, HOURS, OFFICE, PersonalTable

PERSONAL_TABLES: tuple[PersonalTable, ...] = (
    PersonalTable(
        "accounts",
        of="id",
        emptied="iss sub name bio avatar_url badge phone_sealed name_key unique_name_key",
        ids="id",
        hashes="person",
        neutral="post_count",
        because=HASH,
    ),
    PersonalTable(
        "former_names",
        of="account_id",
        ids="account_id",
        hashes="name_key",
        not_exported="keyed hashes of former names",
        because="so that no other account takes the name: the days of FEED_NAMES_RESERVED_DAYS",
    ),
    PersonalTable(
        "profile_changes",
        of="account_id",
        removed="account_id case_id field former value former_key value_key state",
        neutral="id",
    ),
    PersonalTable("reserved_names", ids="created_by", neutral="id name scope", not_exported=OFFICE, because=OFFICE),
    PersonalTable(
        "account_marks",
        of="account_id",
        removed="account_id",
        neutral="subject",
        not_exported="times of events of the app",
    ),
    PersonalTable("account_settings", of="account_id", removed="account_id quiet"),
    PersonalTable(
        "former_persons",
        of="account_id",
        ids="account_id",
        hashes="person",
        not_exported="keyed hashes of former phones",
        because=HASH,
    ),
    PersonalTable(
        "refresh_tokens", of="account_id", removed="account_id token_hash family", not_exported="secrets of devices"
    ),
    PersonalTable(
        "sign_in_codes",
        hashes="person code_hash requested_from",
        neutral="id",
        not_exported="hashes of secrets",
        because=HOURS,
    ),
    PersonalTable("relations", of="account_id", removed="account_id target_id", neutral="kind"),
    PersonalTable(
        "sanctions",
        of="account_id",
        ids="account_id imposed_by lifted_by",
        neutral="id kind reason_code",
        because=DECIDED,
    ),
    PersonalTable(
        "staff_rights", of="account_id", ids="account_id granted_by revoked_by", neutral="id role", because=OFFICE
    ),
    PersonalTable(
        "approvals",
        of="account_id",
        ids="account_id",
        neutral="act subject_id roles state_sha256",
        not_exported=OFFICE,
        because=OFFICE,
    ),
    PersonalTable(
        "bylines",
        of="account_id",
        removed="account_id name",
    ),
    PersonalTable(
        "audit",
        ids="actor_id subject_id",
        kept="detail",
        neutral="id action subject_kind row_sha256",
        not_exported=OFFICE,
        because="the audit log is append-only and holds ids, codes and counts only",
    ),
    PersonalTable(
        "posts", of="author_id", emptied="location ip_region", ids="author_id", neutral="id state comment_policy"
    ),
    PersonalTable(
        "post_revisions",
        of="author_id",
        emptied="text media_ids topics topic_ids content_sha256",
        ids="author_id",
        kept="credits",
        neutral="post_id",
        because="the names of staff as they were printed under a published text",
    ),
    PersonalTable(
        "comments",
        of="author_id",
        emptied="text ip_region",
        ids="author_id",
        neutral="post_id id root_id reply_to_id state like_count",
    ),
    PersonalTable(
        "likes",
        of="account_id",
        ids="account_id",
        neutral="post_id",
        because="who likes is a number without a name, so that counts of posts and results stay",
    ),
    PersonalTable("past_likes", of="account_id", ids="account_id", neutral="post_id", because="as likes"),
    PersonalTable("comment_likes", of="account_id", ids="account_id", neutral="post_id comment_id", because="as likes"),
    PersonalTable(
        "past_comment_likes", of="account_id", ids="account_id", neutral="post_id comment_id", because="as likes"
    ),
    PersonalTable(
        "inbox",
        of="account_id",
        removed="account_id title body subject params actor_id deep_link once_key",
        neutral="id kind template about_post_id about_comment_id",
    ),
    PersonalTable(
        "pushes",
        of="account_id",
        removed="account_id once_key",
        neutral="inbox_id state error_code",
        not_exported="deliveries of what the inbox holds",
    ),
    PersonalTable(
        "idempotency_keys",
        of="account_id",
        removed="account_id key body_sha256 answer answer_id",
        neutral="route",
        not_exported="copies of responses, for a day",
    ),
    PersonalTable(
        "messages",
        of="account_id",
        emptied="sealed person",
        ids="account_id",
        neutral="id purpose once_key state provider provider_id error_code campaign_id held_by held_setting",
    ),
    PersonalTable(
        "sign_ins",
        of="account_id",
        removed="account_id family region",
        neutral="device",
    ),
    PersonalTable(
        "exports",
        of="account_id",
        removed="account_id",
        neutral="id state byte_count",
        not_exported="requests of exports",
    ),
    PersonalTable(
        "export_parts",
        removed="sealed",
        neutral="export_id",
        not_exported="exports themselves, encrypted",
    ),
    PersonalTable(
        "erasures",
        of="account_id",
        removed="account_id",
        not_exported="the work that erasure has still to do",
    ),
    PersonalTable(
        "departures",
        of="account_id",
        removed="account_id name bio avatar_url badge",
        neutral="step",
        not_exported="the profile, which `accounts` has otherwise",
    ),
    PersonalTable(
        "erased_subjects",
        ids="account_id",
        hashes="subject",
        not_exported="keyed hashes of accounts that are erased",
        because="a month, while tokens of then may be valid, and while a sanction of the account is running",
    ),
    PersonalTable(
        "message_receipts",
        kept="provider_id",
        neutral="provider message_id error_code",
        not_exported="identifiers of the provider",
        because="a month; it names the message at the provider, no person",
    ),
    PersonalTable(
        "cases",
        of="author_id",
        emptied="machine",
        ids="author_id account_id leased_by",
        neutral="id kind state post_id comment_id topic_id closed_with",
        because=DECIDED,
    ),
    PersonalTable("case_leases", ids="account_id", neutral="id case_id", not_exported=OFFICE, because=OFFICE),
    PersonalTable(
        "verdicts",
        of="author_id",
        emptied="note content_sha256 author_person",
        hashes="reviewer_person",
        ids="author_id reviewer_id",
        neutral="id case_id post_id comment_id verdict reason_code batch_id state_before",
        because=DECIDED,
    ),
    PersonalTable(
        "text_fingerprints",
        ids="account_id",
        hashes="exact simhash",
        neutral="case_id",
        not_exported="hashes of texts that are exported themselves",
        because=HOURS,
    ),
    PersonalTable("screening_lists", ids="changed_by", not_exported=OFFICE, because=OFFICE),
    PersonalTable(
        "reports",
        of="reporter_id",
        emptied="note",
        ids="reporter_id",
        hashes="reporter_person",
        neutral="id case_id target_kind target_id reason_code state notified verdict_id",
        because=DECIDED,
    ),
    PersonalTable(
        "appeals",
        of="account_id",
        emptied="text",
        ids="account_id",
        neutral="id case_id decision_kind decision_id state reason_code verdict_id",
        because=DECIDED,
    ),
    PersonalTable(
        "report_evidence",
        of="author_id",
        removed="content author_id",
        neutral="case_id",
        not_exported="copies of revisions, which are exported, while a report waits and half a year after its decision",
    ),
    PersonalTable(
        "takedowns",
        of="author_id",
        ids="target author_id actor_id lifted_by",
        neutral="id kind reason_code lift_reason post_id",
        because=DECIDED,
    ),
    PersonalTable(
        "takedown_scopes",
        of="account_id",
        ids="account_id",
        neutral="takedown_id topic_id",
        not_exported="the accounts of a takedown, which is exported itself",
        because=DECIDED,
    ),
    PersonalTable(
        "hot_actions", ids="made_by ended_by", neutral="id post_id action reason", not_exported=OFFICE, because=OFFICE
    ),
    *TABLES_OF_PRIZES,
)

# Tables whose columns are of no person.
NOT_PERSONAL = frozenset(
    {
        "account_events",
        "chain_attestations",
        "audit_publications",
        "audit_seals",
        "audit_sequence",
        "change_log",
        "change_numbers",
        "changes",
        "draw_nonces",
        "inbox_position",
        "installation",
        "key_fingerprints",
        "like_groups",
        "message_days",
        "post_stats",
        "screening_words",
        "provider_checks",
        "push_hook",
        "result_hashes",
        "schema_migrations",
        "shreddings",
        "takedown_posts",
        "topic_posts",
        "topic_trends",
        "topics",
    }
)
