"""The effect of voids before they are made, for editors: counts, and the ranks that they would move."""

from collections.abc import Mapping, Sequence

import msgspec

from feed.accounts.model import AccountId
from feed.boards.model import Row
from feed.boards.void_effect import measure_voids
from feed.campaigns import store as campaigns
from feed.campaigns.entries.voids import NewVoids
from feed.campaigns.errors import CampaignNotFound
from feed.campaigns.rules.draft import read_rules
from feed.screens.campaigns.leaderboard import Leaderboards, rank_entries

Id = str
# The entries that are listed: those with the best ranks.
LISTED_MOST = 100


class EntryEffect(msgspec.Struct, frozen=True, kw_only=True):
    """An entry whose counts or place would change. Ranks are null without one: in a draw, or beyond the leaderboard."""

    post_id: Id
    likes: int
    likes_then: int
    commenters: int
    commenters_then: int
    rank: int | None
    rank_then: int | None


class VoidEffect(msgspec.Struct, frozen=True, kw_only=True):
    """What the voids would change. `changed`: the number of entries whose counts would change; `items` has the best of them, and
    the entries that would enter or leave the places of winners and reserves."""

    changed: int
    likes: int
    commenters: int
    items: list[EntryEffect]


async def preview_voids(
    leaderboards: Leaderboards, editor_id: AccountId, campaign_id: int, new: NewVoids
) -> VoidEffect:
    """The effect of voids. Raises Invalid, CampaignNotFound, and the states in which voids cannot be made."""
    measured = await measure_voids(leaderboards.pool, editor_id, campaign_id, new)
    async with leaderboards.pool.acquire() as conn:
        campaign = await campaigns.find_campaign(conn, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    rules, _ = read_rules(campaign.draft, publishing=False)
    listed = {row.post_id: row for row in await leaderboards.list(campaign)}
    # The board may be some moments behind: the counted rows are newer.
    before = listed | measured.before
    after = {post_id: row for post_id, row in before.items() if post_id not in measured.before} | measured.after
    is_draw = rules.method == "draw"
    ranks = {} if is_draw else {each.post_id: each.rank for each in rank_entries([*before.values()], rules)}
    then = {} if is_draw else {each.post_id: each.rank for each in rank_entries([*after.values()], rules)}
    changed = [
        post_id
        for post_id, row in measured.before.items()
        if (later := measured.after.get(post_id)) is None or (row.likes, row.comments) != (later.likes, later.comments)
    ]
    places = rules.winner_count + rules.reserve_count
    moved = {
        post_id
        for post_id in before
        if (ranks.get(post_id, places + 1) <= places) != (then.get(post_id, places + 1) <= places)
    }
    shown = sorted({*changed, *moved}, key=lambda post_id: (ranks.get(post_id, len(before) + 1), post_id))
    return VoidEffect(
        changed=len(changed),
        likes=_lost(changed, measured.before, measured.after, "likes"),
        commenters=_lost(changed, measured.before, measured.after, "comments"),
        items=[_effect(post_id, before, after, ranks, then) for post_id in shown[:LISTED_MOST]],
    )


def _lost(post_ids: Sequence[int], before: Mapping[int, Row], after: Mapping[int, Row], kind: str) -> int:
    return sum(getattr(before[each], kind) - getattr(after.get(each, before[each]), kind) for each in post_ids)


def _effect(
    post_id: int, before: Mapping[int, Row], after: Mapping[int, Row], ranks: Mapping[int, int], then: Mapping[int, int]
) -> EntryEffect:
    now, later = before[post_id], after.get(post_id, before[post_id])
    return EntryEffect(
        post_id=str(post_id),
        likes=now.likes,
        likes_then=later.likes,
        commenters=now.comments,
        commenters_then=later.comments,
        rank=ranks.get(post_id),
        rank_then=then.get(post_id),
    )
