"""The register of personal data: for each table that refers to people, what an export holds of it and what erasure does with it.

Export and erasure are tested against it, and a test fails for a column that is not listed. A new table gets an entry here, a table
without anything of people a word in NOT_PERSONAL.
"""

from typing import NamedTuple


class PersonalTable(NamedTuple):
    """A table with data of people. Columns are named in strings, separated by spaces.

    `of`: the columns with the account whose data a row is; empty where rows are of no one account.
    `removed`: erasure deletes the row. `emptied`: erasure replaces the value by nothing, or by a neutral one.
    `ids`: the id of an account, or what refers to one; it stays, as the account's row says nothing of a person any more.
    `hashes`: a keyed hash stays. `kept`: the value stays. `because`: why it stays, and how long.
    `neutral`: columns that could hold such data by their type and do not.
    `not_exported`: why an export leaves the rows of the account out; empty if it holds them.
    """

    name: str
    of: str = ""
    removed: str = ""
    emptied: str = ""
    ids: str = ""
    hashes: str = ""
    kept: str = ""
    neutral: str = ""
    not_exported: str = ""
    because: str = ""

    @property
    def columns(self) -> set[str]:
        """The columns that refer to or come from a person."""
        return set(" ".join([self.removed, self.emptied, self.ids, self.hashes, self.kept]).split())


_OFFICE = "acts in an office, which name the account by its id only"
_RECORD = (
    "records of campaigns and prizes: two years after the end, and results for good, with ids and keyed hashes only"
)
_DECIDED = "decisions, so that they can be explained: the id only"
_HASH = "until the campaigns that ran at the erasure are final and no sanction of the person is in force"
_HOURS = "removed by a job after a day"

PERSONAL_TABLES: tuple[PersonalTable, ...] = (
    PersonalTable(
        "accounts",
        of="id",
        emptied="iss sub name bio avatar_url badge phone_sealed",
        ids="id",
        hashes="person",
        neutral="post_count",
        because=_HASH,
    ),
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
        because=_HASH,
    ),
    PersonalTable(
        "refresh_tokens", of="account_id", removed="account_id token_hash family", not_exported="secrets of devices"
    ),
    PersonalTable(
        "sign_in_codes",
        hashes="person code_hash requested_from",
        neutral="id",
        not_exported="hashes of secrets",
        because=_HOURS,
    ),
    PersonalTable("relations", of="account_id", removed="account_id target_id", neutral="kind"),
    PersonalTable(
        "sanctions",
        of="account_id",
        ids="account_id imposed_by lifted_by",
        neutral="id kind reason_code",
        because=_DECIDED,
    ),
    PersonalTable(
        "staff_rights", of="account_id", ids="account_id granted_by revoked_by", neutral="id role", because=_OFFICE
    ),
    PersonalTable(
        "approvals",
        of="account_id",
        ids="account_id",
        neutral="act subject_id roles state_sha256",
        not_exported=_OFFICE,
        because=_OFFICE,
    ),
    PersonalTable(
        "audit",
        ids="actor_id subject_id",
        kept="detail",
        neutral="id action subject_kind row_sha256",
        not_exported=_OFFICE,
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
        neutral="post_id",
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
        emptied="account_id once_key sealed person",
        neutral="id purpose state provider provider_id error_code campaign_id held_by held_setting",
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
        neutral="id kind state post_id comment_id",
        because=_DECIDED,
    ),
    PersonalTable(
        "verdicts",
        of="author_id",
        emptied="note content_sha256",
        ids="author_id reviewer_id",
        neutral="id case_id post_id comment_id verdict reason_code batch_id",
        because=_DECIDED,
    ),
    PersonalTable(
        "hot_actions", ids="made_by ended_by", neutral="id post_id action reason", not_exported=_OFFICE, because=_OFFICE
    ),
    PersonalTable(
        "campaigns",
        ids="created_by announced_first_by announced_by",
        neutral="id topic_id state draft settle_reason blocked_by result_salt alias_topic_ids entry_topic_ids entry_by entry_post_id",
        not_exported=_OFFICE,
        because=_OFFICE,
    ),
    PersonalTable(
        "campaign_rules",
        ids="created_by",
        neutral="campaign_id rules rules_text rules_sha256",
        not_exported=_OFFICE,
        because=_OFFICE,
    ),
    PersonalTable(
        "cancellations",
        ids="asked_by agreed_by",
        neutral="campaign_id reason told_up_to",
        not_exported=_OFFICE,
        because=_OFFICE,
    ),
    PersonalTable(
        "claim_access", ids="account_id granted_by", neutral="campaign_id reason", not_exported=_OFFICE, because=_OFFICE
    ),
    PersonalTable(
        "voids",
        of="account_id",
        ids="account_id made_by withdrawn_by",
        kept="note",
        neutral="id campaign_id post_id kinds reason_code",
        because=_RECORD,
    ),
    PersonalTable(
        "facts_set_aside",
        of="account_id",
        ids="account_id asked_by agreed_by",
        kept="why",
        neutral="campaign_id",
        because=_RECORD,
    ),
    PersonalTable(
        "entries",
        of="author_id",
        ids="author_id shortlisted_by disqualified_by unlisted_by",
        kept="disqualified_note",
        neutral="campaign_id post_id disqualified_reason",
        because=_RECORD,
    ),
    PersonalTable("jurors", of="account_id", ids="account_id", neutral="campaign_id", because=_RECORD),
    PersonalTable(
        "jury_changes", ids="user_ids asked_by", neutral="campaign_id reason", not_exported=_OFFICE, because=_OFFICE
    ),
    PersonalTable(
        "marks", of="juror_id", ids="juror_id", kept="note", neutral="campaign_id post_id score scores", because=_RECORD
    ),
    PersonalTable(
        "past_marks",
        of="juror_id",
        ids="juror_id",
        kept="note",
        neutral="campaign_id post_id score scores",
        because=_RECORD,
    ),
    PersonalTable(
        "recusals",
        of="juror_id",
        ids="juror_id author_id",
        kept="reason",
        neutral="campaign_id post_id",
        because=_RECORD,
    ),
    PersonalTable(
        "beacon_entries", ids="editor_id", neutral="settlement_id round value", not_exported=_OFFICE, because=_OFFICE
    ),
    PersonalTable(
        "number_corrections",
        ids="editor_id",
        neutral="settlement_id round value reason_code reason",
        not_exported=_OFFICE,
        because=_OFFICE,
    ),
    PersonalTable(
        "corrected_numbers",
        ids="entered_by",
        neutral="settlement_id round value reason_code",
        not_exported=_OFFICE,
        because=_OFFICE,
    ),
    PersonalTable(
        "draws",
        ids="entered_by",
        neutral="settlement_id list_sha256 source chain round value signature listed_in",
        not_exported=_OFFICE,
        because=_OFFICE,
    ),
    PersonalTable(
        "settlements",
        ids="undone_by result voids forced",
        neutral="id campaign_id skipped result_sha256 undone_reason",
        not_exported="signed results, which are public",
        because=_RECORD,
    ),
    PersonalTable(
        "sheet_rows",
        of="account_id",
        ids="account_id marks excluded",
        hashes="person",
        neutral="settlement_id post_id quality reason_code comment_id entry_id",
        because=_RECORD,
    ),
    PersonalTable(
        "winners",
        of="account_id",
        ids="account_id",
        hashes="person",
        neutral="id campaign_id settlement_id post_id score prizes state state_reason comment_id",
        because=_RECORD,
    ),
    PersonalTable(
        "reserves",
        of="account_id",
        ids="account_id",
        hashes="person",
        neutral="settlement_id post_id score comment_id",
        because=_RECORD,
    ),
    PersonalTable(
        "replacements", ids="asked_by", neutral="winner_id reason reason_code", not_exported=_OFFICE, because=_OFFICE
    ),
    PersonalTable(
        "claims",
        kept="sealed masked",
        neutral="winner_id campaign_id privacy_version",
        because="as the campaign's rules say, 90 days by default, because the prize is sent with it; masked for two years",
    ),
    PersonalTable("shipments", ids="shipped_by", kept="tracking_no", neutral="winner_id carrier", because="as claims"),
    PersonalTable(
        "prize_codes",
        kept="sealed",
        neutral="campaign_id winner_id code_hash",
        not_exported="shown on the prize's page",
        because="as claims",
    ),
    PersonalTable(
        "objections",
        of="account_id",
        emptied="text answer",
        ids="account_id answered_by",
        neutral="id campaign_id settlement_id post_id remedy winner_id kind comment_id",
        because="that there was an objection and how it ended",
    ),
    PersonalTable(
        "amendments",
        ids="winner_id successor_id document",
        neutral="settlement_id document_sha256",
        not_exported="signed results, which are public",
        because=_RECORD,
    ),
    PersonalTable(
        "result_heads",
        ids="document",
        neutral="settlement_id",
        not_exported="signed results, which are public",
        because=_RECORD,
    ),
    PersonalTable(
        "result_rows",
        of="account_id",
        ids="account_id document",
        neutral="settlement_id entry_id",
        not_exported="rows of signed results, which `sheet_rows` holds too",
        because=_RECORD,
    ),
)

# Tables whose columns are of no person.
NOT_PERSONAL = frozenset(
    {
        "account_events",
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
        "push_hook",
        "result_hashes",
        "schema_migrations",
        "shreddings",
        "topic_posts",
        "topic_trends",
        "topics",
    }
)
