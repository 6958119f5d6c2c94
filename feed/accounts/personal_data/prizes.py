"""The part of the register of personal data about campaigns and prizes."""

from feed.accounts.personal_data.table import OFFICE, RECORD, PersonalTable

TABLES_OF_PRIZES: tuple[PersonalTable, ...] = (
    PersonalTable(
        "campaigns",
        ids="created_by announced_first_by announced_by",
        neutral="id topic_id state draft settle_reason blocked_by result_salt alias_topic_ids entry_topic_ids entry_by entry_post_id",
        not_exported=OFFICE,
        because=OFFICE,
    ),
    PersonalTable(
        "campaign_rules",
        ids="created_by",
        neutral="campaign_id rules rules_text rules_sha256",
        not_exported=OFFICE,
        because=OFFICE,
    ),
    PersonalTable(
        "cancellations",
        ids="asked_by agreed_by",
        neutral="campaign_id reason told_up_to",
        not_exported=OFFICE,
        because=OFFICE,
    ),
    PersonalTable(
        "campaign_proposals",
        ids="proposed_by",
        neutral="campaign_id draft",
        not_exported=OFFICE,
        because=OFFICE,
    ),
    PersonalTable(
        "signoffs",
        ids="account_id",
        hashes="person author_persons",
        kept="name",
        neutral="id kind subject_id content_sha256 roles",
        not_exported=OFFICE,
        because=f"{OFFICE}, and the name as it was printed under a published text",
    ),
    PersonalTable(
        "claim_access", ids="account_id granted_by", neutral="campaign_id reason", not_exported=OFFICE, because=OFFICE
    ),
    PersonalTable(
        "voids",
        of="account_id",
        ids="account_id made_by withdrawn_by",
        kept="note",
        neutral="id campaign_id post_id kinds reason_code",
        because=RECORD,
    ),
    PersonalTable(
        "facts_set_aside",
        of="account_id",
        ids="account_id asked_by agreed_by",
        kept="why",
        neutral="campaign_id",
        because=RECORD,
    ),
    PersonalTable(
        "entries",
        of="author_id",
        ids="author_id shortlisted_by disqualified_by unlisted_by",
        kept="disqualified_note",
        neutral="campaign_id post_id disqualified_reason",
        because=RECORD,
    ),
    PersonalTable(
        "compared_pictures",
        of="author_id",
        removed="look",
        ids="author_id",
        neutral="campaign_id media_id post_id",
        not_exported="hashes of photos and videos that are exported themselves",
    ),
    PersonalTable("jurors", of="account_id", ids="account_id", neutral="campaign_id", because=RECORD),
    PersonalTable(
        "jury_changes", ids="user_ids asked_by", neutral="campaign_id reason", not_exported=OFFICE, because=OFFICE
    ),
    PersonalTable(
        "marks", of="juror_id", ids="juror_id", kept="note", neutral="campaign_id post_id score scores", because=RECORD
    ),
    PersonalTable(
        "past_marks",
        of="juror_id",
        ids="juror_id",
        kept="note",
        neutral="campaign_id post_id score scores",
        because=RECORD,
    ),
    PersonalTable(
        "recusals",
        of="juror_id",
        ids="juror_id author_id",
        kept="reason",
        neutral="campaign_id post_id",
        because=RECORD,
    ),
    PersonalTable(
        "beacon_entries", ids="editor_id", neutral="settlement_id round value", not_exported=OFFICE, because=OFFICE
    ),
    PersonalTable(
        "number_corrections",
        ids="editor_id",
        neutral="settlement_id round value reason_code reason",
        not_exported=OFFICE,
        because=OFFICE,
    ),
    PersonalTable(
        "corrected_numbers",
        ids="entered_by",
        neutral="settlement_id round value reason_code",
        not_exported=OFFICE,
        because=OFFICE,
    ),
    PersonalTable(
        "draws",
        ids="entered_by",
        neutral="settlement_id list_sha256 source chain round value signature listed_in",
        not_exported=OFFICE,
        because=OFFICE,
    ),
    PersonalTable(
        "settlements",
        ids="undone_by result voids forced",
        neutral="id campaign_id skipped result_sha256 undone_reason",
        not_exported="signed results, which are public",
        because=RECORD,
    ),
    PersonalTable(
        "sheet_rows",
        of="account_id",
        ids="account_id marks excluded",
        hashes="person",
        neutral="settlement_id post_id quality reason_code comment_id entry_id",
        because=RECORD,
    ),
    PersonalTable(
        "winners",
        of="account_id",
        ids="account_id",
        hashes="person",
        neutral="id campaign_id settlement_id post_id score prizes state state_reason comment_id",
        because=RECORD,
    ),
    PersonalTable(
        "reserves",
        of="account_id",
        ids="account_id",
        hashes="person",
        neutral="settlement_id post_id score comment_id",
        because=RECORD,
    ),
    PersonalTable(
        "replacements", ids="asked_by", neutral="winner_id reason reason_code", not_exported=OFFICE, because=OFFICE
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
        because=RECORD,
    ),
    PersonalTable(
        "result_heads",
        ids="document",
        neutral="settlement_id",
        not_exported="signed results, which are public",
        because=RECORD,
    ),
    PersonalTable(
        "result_rows",
        of="account_id",
        ids="account_id document",
        neutral="settlement_id entry_id",
        not_exported="rows of signed results, which `sheet_rows` holds too",
        because=RECORD,
    ),
)
