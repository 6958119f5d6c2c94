"""Campaigns until they are judged: creating, copying, changing and publishing them."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import msgspec

from feed.accounts.model import AccountId
from feed.audit import store as audit
from feed.campaigns import draw_commitment, store
from feed.campaigns.entries import draw_entry_store
from feed.campaigns.entries import store as entries
from feed.campaigns.errors import (
    CampaignCancelled,
    CampaignEdited,
    CampaignIncomplete,
    CampaignIsDraft,
    CampaignNotDraft,
    CampaignNotFound,
    CampaignRunning,
)
from feed.campaigns.locking import increment_versions, lock_campaign, require_unsettled
from feed.campaigns.model import CampaignId, Rules, entry_post_id, rules_document, rules_sha256
from feed.campaigns.pictures import CheckedPictures, attach_pictures, check_pictures
from feed.campaigns.publish_check import check_publishable
from feed.campaigns.rules.amendable import find_unamendable
from feed.campaigns.rules.draft import CampaignFields, content_sha256, copy_fields, merge_fields, read_rules
from feed.campaigns.rules.site_terms import SiteTerms, site_problems
from feed.campaigns.rules.text import rules_text
from feed.campaigns.scoring.engagement import list_entry_ids
from feed.campaigns.store import Campaign
from feed.errors import FieldError, Invalid
from feed.idempotency import Attempt, KeyedRequest, idempotent_transaction
from feed.keys.store import Keys
from feed.postgres import Connection, Pool, transaction
from feed.texts import has_visible_text
from feed.topics import store as topics
from feed.topics.model import ResolvedTopic
from feed.topics.parse import shown_name, topic_key

BUILT_IN = SiteTerms()


async def create_campaign(
    pool: Pool,
    editor_id: AccountId,
    fields: CampaignFields,
    request: KeyedRequest | None = None,
    *,
    site: SiteTerms = BUILT_IN,
) -> CampaignId:
    """Creates a draft, of which only the title is required; returns its id. Raises Invalid, MediaInUse, MediaNotReady."""
    draft = merge_fields({}, fields)
    if problems := _draft_problems(draft, site):
        raise Invalid(*problems)
    async with idempotent_transaction(pool, editor_id, request) as (conn, attempt):
        return await _add(conn, attempt, editor_id, draft, "campaign_created", {})


async def copy_campaign(
    pool: Pool, editor_id: AccountId, campaign_id: int, request: KeyedRequest | None = None
) -> CampaignId:
    """Creates a draft with the fields of another campaign, without its dates and pictures; returns its id. Raises CampaignNotFound."""
    async with idempotent_transaction(pool, editor_id, request) as (conn, attempt):
        campaign = await store.find_campaign(conn, campaign_id)
        if campaign is None:
            raise CampaignNotFound
        detail = {"of": str(campaign_id)}
        return await _add(conn, attempt, editor_id, copy_fields(campaign.draft), "campaign_copied", detail)


async def change_campaign(
    pool: Pool,
    keys: Keys,
    editor_id: AccountId,
    campaign_id: int,
    fields: CampaignFields,
    *,
    site: SiteTerms = BUILT_IN,
    basis: str | None = None,
) -> None:
    """Changes fields of a draft, or adds a version to published rules; fields that are equal already change nothing.

    `basis` is the hash of the fields that the editor has read. Raises CampaignEdited if they are others by now, Invalid, MediaInUse, MediaNotReady, CampaignRunning, CampaignSettled, CampaignCancelled, CampaignNotFound.
    """
    async with transaction(pool) as conn:
        await topics.lock_aliases(conn)
        campaign = await lock_campaign(conn, campaign_id)
        require_unsettled(campaign)
        draft = merge_fields(campaign.draft, fields)
        _require_basis(campaign, draft, basis)
        if campaign.state == "draft":
            await _change_draft(conn, editor_id, campaign, draft, site)
        else:
            await _change_rules(conn, keys, editor_id, campaign, draft, site)


async def propose_change(
    pool: Pool,
    editor_id: AccountId,
    campaign_id: int,
    fields: CampaignFields,
    *,
    site: SiteTerms = BUILT_IN,
    basis: str | None = None,
) -> None:
    """Stores a change of published rules for the newsroom to sign, in place of an earlier one. It changes nothing that is published.

    `basis` as of `change_campaign`. Once it is signed, `change_campaign` with the same fields makes it. Fields that are equal already remove the proposal.
    Raises Invalid, MediaInUse, MediaNotReady, CampaignIsDraft, CampaignRunning, CampaignSettled, CampaignCancelled, CampaignNotFound.
    """
    async with transaction(pool) as conn:
        await topics.lock_aliases(conn)
        campaign = await lock_campaign(conn, campaign_id)
        require_unsettled(campaign)
        draft = merge_fields(campaign.draft, fields)
        _require_basis(campaign, draft, basis)
        if campaign.state == "draft":
            if problems := _draft_problems(draft, site):
                raise Invalid(*problems)
            raise CampaignIsDraft
        # Its signatures are what is missing.
        change = await _check_change(conn, campaign, draft, msgspec.structs.replace(site, editorial_chain=False))
        if change is None:
            await store.remove_proposal(conn, campaign_id)
            return
        await store.put_proposal(conn, campaign_id, draft, by=editor_id)
        detail = {"fields": _changed_fields(campaign.draft, change.document)}
        await audit.add(conn, editor_id, "campaign_change_proposed", "campaign", campaign_id, detail)


async def publish_campaign(
    pool: Pool,
    keys: Keys,
    editor_id: AccountId,
    campaign_id: int,
    request: KeyedRequest | None = None,
    *,
    site: SiteTerms = BUILT_IN,
    basis: str | None = None,
) -> None:
    """Publishes the draft under version 1 of its rules; the campaign is open at once when `starts_at` has passed.

    `basis` as of `change_campaign`. Raises CampaignEdited, CampaignIncomplete with every missing field, MediaInUse, MediaNotReady, CampaignNotDraft, CampaignCancelled, CampaignNotFound.
    """
    async with idempotent_transaction(pool, editor_id, request) as (conn, attempt):
        if attempt.is_repeat:
            return
        await topics.lock_aliases(conn)
        campaign = await lock_campaign(conn, campaign_id)
        if campaign.state == "cancelled":
            raise CampaignCancelled
        if campaign.state != "draft":
            raise CampaignNotDraft
        if basis not in (None, content_sha256(campaign.draft).hex()):
            raise CampaignEdited
        await _hold_announcement(conn, campaign.draft)
        rules, problems = await check_publishable(conn, campaign.draft, site, campaign_id=campaign.id, now=campaign.now)
        pictures = await check_pictures(conn, campaign.draft, campaign_id=campaign.id)
        if problems := problems + pictures.problems:
            raise CampaignIncomplete(*problems)
        pictures.require_usable()
        document = rules_document(rules)
        await store.change_draft(conn, campaign_id, document)
        await attach_pictures(conn, campaign_id, document, pictures)
        await _add_version(conn, keys, editor_id, campaign_id, 1, rules, document)
        published = await store.mark_published(
            conn,
            campaign_id,
            topic=await _get_topic(conn, rules),
            starts_at=rules.starts_at,
            ends_at=rules.ends_at,
            settle_at=rules.settles_at,
            entry_by=rules.entry_by,
            entry_post_id=entry_post_id(rules),
            review_stages=rules.review_stages,
        )
        if not published:
            raise CampaignIncomplete(FieldError("ends_at", "in_the_past"))
        await _enter_older_posts(conn, campaign_id)
        detail = {"rules_version": 1, "rules_sha256": rules_sha256(document)}
        await audit.add(conn, editor_id, "campaign_published", "campaign", campaign_id, detail)


async def _add(
    conn: Connection,
    attempt: Attempt,
    editor_id: AccountId,
    draft: dict[str, Any],
    action: str,
    detail: dict[str, Any],
) -> CampaignId:
    if attempt.reserved is not None and attempt.is_repeat:
        return CampaignId(attempt.reserved.answer_id)
    pictures = await _check_drafted(conn, draft)
    campaign_id = await store.add_campaign(conn, campaign_id=attempt.reserved_id, draft=draft, by=editor_id)
    await attach_pictures(conn, campaign_id, draft, pictures)
    await audit.add(conn, editor_id, action, "campaign", campaign_id, detail)
    return CampaignId(campaign_id)


async def _change_draft(
    conn: Connection, editor_id: AccountId, campaign: Campaign, draft: dict[str, Any], site: SiteTerms
) -> None:
    if problems := _draft_problems(draft, site):
        raise Invalid(*problems)
    if draft == campaign.draft:
        return
    pictures = await _check_drafted(conn, draft, campaign)
    await store.change_draft(conn, campaign.id, draft)
    await attach_pictures(conn, campaign.id, draft, pictures)
    detail = {"fields": _changed_fields(campaign.draft, draft)}
    await audit.add(conn, editor_id, "campaign_changed", "campaign", campaign.id, detail)


async def _check_drafted(
    conn: Connection, draft: Mapping[str, Any], campaign: Campaign | None = None
) -> CheckedPictures:
    """The pictures of a draft, new or changed. Raises Invalid, MediaInUse, MediaNotReady."""
    pictures = await check_pictures(
        conn,
        draft,
        campaign_id=None if campaign is None else campaign.id,
        former=None if campaign is None else campaign.draft,
    )
    if pictures.problems:
        raise Invalid(*pictures.problems)
    pictures.require_usable()
    return pictures


def _require_basis(campaign: Campaign, draft: Mapping[str, Any], basis: str | None) -> None:
    """Raises CampaignEdited if the change is based on other fields. A change that is made already is a repeated request."""
    if basis is None or content_sha256(campaign.draft).hex() == basis:
        return
    if read_rules(draft, publishing=False)[0] != read_rules(campaign.draft, publishing=False)[0]:
        raise CampaignEdited


def _draft_problems(draft: Mapping[str, Any], site: SiteTerms) -> list[FieldError]:
    rules, problems = read_rules(draft, publishing=False)
    if not any(error.field == "licence" for error in problems):
        problems += site_problems(rules, site)
    if has_visible_text(draft.get("title", "")) or any(error.field == "title" for error in problems):
        return problems
    return [FieldError("title", "required"), *problems]


class _Change(NamedTuple):
    """A checked change of published rules."""

    old: Rules
    rules: Rules
    document: dict[str, Any]
    # The fields of it that may not change after the opening, which has not come yet.
    unamendable: list[FieldError]
    pictures: CheckedPictures


async def _check_change(conn: Connection, campaign: Campaign, draft: dict[str, Any], site: SiteTerms) -> _Change | None:
    """The change from the rules in force to the draft; None if they are equal. Raises Invalid, CampaignRunning, MediaInUse, MediaNotReady."""
    has_opened = campaign.has_opened
    await _hold_announcement(conn, draft)
    in_force, _ = read_rules(campaign.draft, publishing=False)
    check = partial(
        check_publishable,
        conn,
        site=site,
        campaign_id=campaign.id,
        now=campaign.now,
        published=in_force,
        checks_end=not has_opened,
    )
    old, accepted = await check(campaign.draft)
    rules, problems = await check(draft)
    unamendable = find_unamendable(old, rules)
    if has_opened:
        if unamendable:
            raise CampaignRunning(*unamendable)
        # Problems that an earlier version of the publish check accepted cannot be fixed after the opening and block no change.
        problems = [error for error in problems if error not in accepted]
    # A campaign that was published later has said that it shares the topic.
    problems = [error for error in problems if error.code != "topic_in_use" or error not in accepted]
    pictures = await check_pictures(conn, draft, campaign_id=campaign.id, former=campaign.draft)
    if problems := problems + pictures.problems:
        raise Invalid(*problems)
    pictures.require_usable()
    # Compared as rules and not as documents: an older document lacks fields that were added later.
    return None if rules == old else _Change(old, rules, rules_document(rules), unamendable, pictures)


async def _change_rules(
    conn: Connection, keys: Keys, editor_id: AccountId, campaign: Campaign, draft: dict[str, Any], site: SiteTerms
) -> None:
    assert campaign.rules_version is not None
    change = await _check_change(conn, campaign, draft, site)
    if change is None:
        return
    old, rules, document, unamendable, pictures = change
    version = campaign.rules_version + 1
    await _add_version(conn, keys, editor_id, campaign.id, version, rules, document)
    changed = await store.change_rules(
        conn,
        campaign.id,
        version=version,
        rules=document,
        topic=None if topic_key(rules.topic) == topic_key(old.topic) else await _get_topic(conn, rules),
        starts_at=rules.starts_at,
        ends_at=rules.ends_at,
        settle_at=rules.settles_at,
        entry_by=rules.entry_by,
        entry_post_id=entry_post_id(rules),
        unamendable=bool(unamendable),
    )
    if not changed:
        # The campaign has opened between the read of the clock and the write.
        raise CampaignRunning(*unamendable)
    await attach_pictures(conn, campaign.id, document, pictures)
    if not campaign.has_opened:
        await _enter_older_posts(conn, campaign.id)
    await store.remove_proposal(conn, campaign.id)
    detail = {
        "fields": _changed_fields(campaign.draft, document),
        "rules_version": version,
        "rules_sha256": rules_sha256(document),
    }
    await audit.add(conn, editor_id, "campaign_changed", "campaign", campaign.id, detail)


async def _add_version(
    conn: Connection,
    keys: Keys,
    editor_id: AccountId,
    campaign_id: int,
    version: int,
    rules: Rules,
    document: dict[str, Any],
) -> None:
    nonce_sha256 = None
    if rules.method == "draw":
        nonce_sha256 = (
            await draw_commitment.commit_nonce(conn, campaign_id, draw_commitment.make_nonce(keys, campaign_id))
        ).hex()
    await store.add_rules(
        conn,
        campaign_id,
        version,
        rules=document,
        text=rules_text(rules, nonce_sha256),
        sha256=rules_sha256(document),
        by=editor_id,
    )


async def _get_topic(conn: Connection, rules: Rules) -> ResolvedTopic:
    key = topic_key(rules.topic)
    await topics.find_or_add_topics(conn, [(key, shown_name(rules.topic))])
    topic = await topics.find_resolved(conn, key)
    # The publish check has rejected a hidden one, and aliases are locked.
    assert topic is not None
    return topic


async def _hold_announcement(conn: Connection, draft: Mapping[str, Any]) -> None:
    """Keeps the post under which a draw is entered as the publish check finds it."""
    post_id = entry_post_id(read_rules(draft, publishing=False)[0])
    if post_id is not None:
        await draw_entry_store.hold_post(conn, post_id)


async def _enter_older_posts(conn: Connection, campaign_id: int) -> None:
    """Enters the posts that are older than the publication, and increments their versions for the boards."""
    if await entries.add_missed_entries(conn, campaign_id):
        await increment_versions(conn, await list_entry_ids(conn, campaign_id))


def _changed_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
