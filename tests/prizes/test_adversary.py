"""Attempts to win a prize by unfair means, each through the same actions as the endpoints, up to the result."""

from datetime import datetime
from typing import NamedTuple

import pytest

from feed.accounts.model import AccountId, SecondPersonRequired
from feed.campaigns.entries import disqualification as disqualifying
from feed.campaigns.entries import voids
from feed.campaigns.entries.voids import NewVoids
from feed.campaigns.errors import JurorTakesPart
from feed.campaigns.inputs import Disqualifying, Reinstating
from feed.campaigns.jury import members
from feed.cases import store as cases
from feed.erasure.jobs import erase_next
from feed.keys.store import Keys
from feed.likes.actions import apply_likes
from feed.likes.model import Like
from feed.moderation.account_events import AppAccount, AppEvent, apply_event
from feed.moderation.actions import judge_case
from feed.moderation.model import NewVerdict, VerdictKind
from feed.moderation.sanctions import impose_sanction, lift_sanctions
from feed.postgres import Pool, transaction
from feed.posts.actions import delete_post, edit_post
from feed.posts.model import PostChange, PostId
from feed.prizes import settlement_store
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.claims.actions import claim_prize
from feed.prizes.model import SheetRow
from feed.prizes.result.verify import verify_result
from feed.prizes.settlement import sheet_store
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from feed.prizes.winners.expiry import forfeit_next_prize
from feed.profiles.naming import naming_of
from tests.support import make, phases
from tests.support.make import DAY, HOUR
from tests.support.phases import Played


class Contest(NamedTuple):
    """An ended campaign; `honest` has three likes, `cheat` has none by honest means."""

    id: int
    ends_at: datetime
    honest: int
    cheat: int
    cheater: AccountId


@pytest.fixture
async def contest(pool: Pool) -> Contest:
    campaign = await phases.due(pool, entries=1)
    ends_at: datetime = await pool.fetchval("SELECT ends_at FROM campaigns WHERE id = $1", campaign.id)
    cheater = await make.account(pool)
    cheat = await make.entry(pool, campaign.id, cheater, at=ends_at - DAY)
    for _ in range(3):
        await make.like(pool, campaign.posts[0], at=ends_at - HOUR)
    return Contest(campaign.id, ends_at, campaign.posts[0], cheat, cheater)


async def count_posts(pool: Pool) -> None:
    """Sets each account's `post_count` as publishing does, because the rows of these tests are inserted directly."""
    await pool.execute("UPDATE accounts SET post_count = (SELECT count(*) FROM posts WHERE author_id = accounts.id)")


async def sheet_of(pool: Pool, campaign_id: int) -> dict[int, SheetRow]:
    """The frozen sheet by post."""
    assert await freeze_next_campaign(pool)
    async with pool.acquire() as conn:
        settlement = await settlement_store.find_settlement(conn, campaign_id)
        assert settlement is not None
        return {row.entry_id: row for row in await sheet_store.list_sheet(conn, settlement.id)}


async def best_of(pool: Pool, keys: Keys, campaign_id: int) -> int:
    """The post that is first in the result."""
    assert await settle_next_campaign(pool, keys)
    return int((await phases.winners_of(pool, campaign_id))[0]["post_id"])


def exclusions_of(row: SheetRow) -> dict[tuple[str, str], int]:
    return {(each["kind"], each["reason_code"]): each["count"] for each in row.excluded}


async def test_likes_after_the_end_win_nothing(pool: Pool, keys: Keys, contest: Contest) -> None:
    fans = [await make.account(pool) for _ in range(10)]
    outcomes = await apply_likes(pool, [Like(PostId(contest.cheat), fan) for fan in fans])
    assert len(outcomes) == 10
    assert await pool.fetchval("SELECT like_count FROM post_stats WHERE post_id = $1", contest.cheat) == 10
    row = (await sheet_of(pool, contest.id))[contest.cheat]
    assert (row.likes_counted, row.eligible) == (0, True)
    assert await best_of(pool, keys, contest.id) == contest.honest


async def test_a_like_withdrawn_after_the_end_still_counts(pool: Pool, contest: Contest) -> None:
    likers = await pool.fetch("SELECT account_id FROM likes WHERE post_id = $1", contest.honest)
    await apply_likes(pool, [Like(PostId(contest.honest), row["account_id"], liked=False) for row in likers])
    assert await pool.fetchval("SELECT like_count FROM post_stats WHERE post_id = $1", contest.honest) == 0
    assert (await sheet_of(pool, contest.id))[contest.honest].likes_counted == 3


async def test_likes_of_staff_and_their_other_accounts_do_not_count(pool: Pool, keys: Keys, contest: Contest) -> None:
    for number in range(5):
        colleague = await make.account(pool, person=f"colleague {number}")
        await make.staff(pool, colleague, since=contest.ends_at - 5 * DAY, role="reviewer")
        other = await make.account(pool, person=f"colleague {number}")
        for account in (colleague, other):
            await make.like(pool, contest.cheat, account, at=contest.ends_at - HOUR)
    # They were staff at the end, and resigned between the end and the settlement.
    await pool.execute("UPDATE staff_rights SET revoked_at = $1 WHERE role = 'reviewer'", contest.ends_at + HOUR)
    row = (await sheet_of(pool, contest.id))[contest.cheat]
    assert (row.likes_counted, exclusions_of(row)) == (0, {("like", "staff"): 10})
    assert await best_of(pool, keys, contest.id) == contest.honest


async def test_one_phone_with_ten_accounts_is_one_like_and_one_commenter(
    pool: Pool, keys: Keys, contest: Contest
) -> None:
    for _ in range(10):
        account = await make.account(pool, person="one phone")
        await make.like(pool, contest.cheat, account, at=contest.ends_at - HOUR)
        await make.comment(pool, contest.cheat, account, at=contest.ends_at - HOUR)
    row = (await sheet_of(pool, contest.id))[contest.cheat]
    assert (row.likes_counted, row.commenters_counted) == (1, 1)
    assert exclusions_of(row) == {("like", "same_person"): 9, ("comment", "same_person"): 9}


async def test_one_phone_with_two_entries_takes_one_place(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due(pool, entries=3)
    for post in campaign.posts[:2]:
        await pool.execute(
            "UPDATE accounts SET person = 'same' WHERE id = (SELECT author_id FROM posts WHERE id = $1)", post
        )
    assert await freeze_next_campaign(pool)
    await best_of(pool, keys, campaign.id)
    posts = [row["post_id"] for row in await phases.winners_of(pool, campaign.id)]
    assert posts == [campaign.posts[0], campaign.posts[2]]


async def test_ten_accounts_of_the_author_are_the_author(pool: Pool, contest: Contest) -> None:
    await pool.execute("UPDATE accounts SET person = 'author' WHERE id = $1", contest.cheater)
    for _ in range(10):
        account = await make.account(pool, person="author")
        await make.like(pool, contest.cheat, account, at=contest.ends_at - HOUR)
    row = (await sheet_of(pool, contest.id))[contest.cheat]
    assert (row.likes_counted, exclusions_of(row)) == (0, {("like", "own"): 10})


async def _banned_between(pool: Pool, account: AccountId, since: datetime, until: datetime) -> None:
    """Bans the account and lifts the ban by the real actions, then changes the two times."""
    editor = await make.person(pool, role="admin")
    await impose_sanction(pool, editor, account, kind="ban", reason_code="spam", until=None)
    await lift_sanctions(pool, editor, account)
    moved = await pool.execute(
        "UPDATE sanctions SET starts_at = $2, lifted_at = $3 WHERE account_id = $1", account, since, until
    )
    assert moved == "UPDATE 1"


async def test_an_account_banned_at_the_end_is_excluded_even_if_the_ban_is_lifted_soon(
    pool: Pool, contest: Contest
) -> None:
    before, across, after = [await make.account(pool) for _ in range(3)]
    for account in (before, across, after):
        await make.like(pool, contest.honest, account, at=contest.ends_at - 2 * HOUR)
    end = contest.ends_at
    await _banned_between(pool, before, end - 3 * DAY, end - DAY)
    await _banned_between(pool, across, end - DAY, end + HOUR)
    await _banned_between(pool, after, end + HOUR, end + 2 * HOUR)
    await _banned_between(pool, contest.cheater, end - DAY, end + HOUR)
    sheet = await sheet_of(pool, contest.id)
    row = sheet[contest.honest]
    assert (row.likes_counted, exclusions_of(row)) == (5, {("like", "banned"): 1})
    assert (sheet[contest.cheat].eligible, sheet[contest.cheat].reason_code) == (False, "banned")


async def _judge(pool: Pool, post_id: int, verdict: VerdictKind) -> None:
    reviewer = await make.person(pool, role="reviewer")
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", post_id)
    case = await pool.fetchrow("SELECT id, version FROM cases WHERE post_id = $1", post_id)
    if case is None:
        async with transaction(pool) as conn:
            await cases.add_case(conn, kind="post", author_id=author, post_id=post_id, revision=1)
        case = await pool.fetchrow("SELECT id, version FROM cases WHERE post_id = $1", post_id)
    assert case is not None
    await judge_case(
        pool, reviewer, case["id"], NewVerdict(verdict=verdict, reason_code="spam", version=case["version"])
    )


async def test_a_removed_entry_is_out_and_a_restored_one_has_its_likes_back(
    pool: Pool, keys: Keys, contest: Contest
) -> None:
    await count_posts(pool)
    await _judge(pool, contest.honest, "remove")
    await _judge(pool, contest.cheat, "remove")
    # A removed post cannot be liked.
    rejected = await apply_likes(pool, [Like(PostId(contest.honest), await make.account(pool))])
    assert [type(each).__name__ for each in rejected] == ["PostNotFound"]
    await _judge(pool, contest.honest, "restore")
    sheet = await sheet_of(pool, contest.id)
    assert (sheet[contest.honest].eligible, sheet[contest.honest].likes_counted) == (True, 3)
    assert (sheet[contest.cheat].eligible, sheet[contest.cheat].reason_code) == (False, "removed")
    assert await best_of(pool, keys, contest.id) == contest.honest


async def test_a_topic_added_after_the_end_makes_no_entry(pool: Pool, contest: Contest) -> None:
    late = await make.post(pool, at=contest.ends_at - DAY, topics=())
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", late)
    await edit_post(pool, author, PostId(late), PostChange(text="忘了话题 #读书#"))
    assert await pool.fetchval("SELECT topic_ids <> '{}' FROM post_revisions WHERE post_id = $1 AND revision = 2", late)
    assert late not in await sheet_of(pool, contest.id)


async def test_a_topic_removed_before_the_end_and_added_after_it_does_not_count(pool: Pool, contest: Contest) -> None:
    """The last revision before the end is judged, so an edit afterwards cannot make an entry eligible."""
    await edit_post(pool, contest.cheater, PostId(contest.cheat), PostChange(text="没有话题"))
    await pool.execute(
        "UPDATE post_revisions SET created_at = $2, approved_at = $2 WHERE post_id = $1 AND revision = 2",
        contest.cheat,
        contest.ends_at - HOUR,
    )
    await edit_post(pool, contest.cheater, PostId(contest.cheat), PostChange(text="又有了 #读书#"))
    row = (await sheet_of(pool, contest.id))[contest.cheat]
    assert (row.revision, row.reason_code) == (2, "topic_edited_out")


async def test_a_revision_made_after_the_end_is_not_judged(pool: Pool, contest: Contest) -> None:
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", contest.honest)
    await edit_post(pool, author, PostId(contest.honest), PostChange(text="没有话题了"))
    row = (await sheet_of(pool, contest.id))[contest.honest]
    assert (row.revision, row.eligible) == (1, True)


async def test_an_entry_deleted_before_the_freeze_is_withdrawn(pool: Pool, keys: Keys, contest: Contest) -> None:
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", contest.honest)
    await count_posts(pool)
    await delete_post(pool, author, PostId(contest.honest))
    assert (await sheet_of(pool, contest.id))[contest.honest].reason_code == "withdrawn"
    assert await best_of(pool, keys, contest.id) == contest.cheat


async def test_an_entry_deleted_after_the_freeze_stays_in_the_result_and_loses_the_prize(
    pool: Pool, keys: Keys
) -> None:
    campaign = await phases.frozen(pool, keys)
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[0])
    await count_posts(pool)
    await delete_post(pool, author, PostId(campaign.posts[0]))
    assert await best_of(pool, keys, campaign.id) == campaign.posts[0]
    await _announce(pool, keys, campaign)
    assert await _holders(pool, campaign) == [(1, campaign.posts[2]), (2, campaign.posts[1])]


async def _announce(pool: Pool, keys: Keys, campaign: Played) -> None:
    for _ in range(2):
        await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))


async def _holders(pool: Pool, campaign: Played) -> list[tuple[int, int]]:
    """Place and post of each notified winner who still holds the prize."""
    rows = await phases.winners_of(pool, campaign.id)
    return [(row["place"], row["post_id"]) for row in rows if row["state"] == "notified"]


async def test_two_editors_that_are_one_person_announce_nothing(pool: Pool, keys: Keys) -> None:
    campaign = await phases.settled(pool, keys)
    first, second = [await make.account(pool, person="one editor") for _ in range(2)]
    for editor in (first, second):
        await make.staff(pool, editor)
    await announce_winners(pool, keys, campaign.id, by=first)
    for editor in (first, second):
        with pytest.raises(SecondPersonRequired):
            await announce_winners(pool, keys, campaign.id, by=editor)
    assert await _holders(pool, campaign) == []
    await announce_winners(pool, keys, campaign.id, by=await make.person(pool, role="editor"))
    assert len(await _holders(pool, campaign)) == 2


@pytest.mark.parametrize("account", ["the same", "another"])
@pytest.mark.parametrize("has_left", [False, True])
async def test_a_juror_does_not_win(pool: Pool, keys: Keys, contest: Contest, account: str, has_left: bool) -> None:
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", contest.honest)
    await pool.execute("UPDATE accounts SET person = 'juror' WHERE id = $1", author)
    juror = author if account == "the same" else await make.account(pool, person="juror")
    # Before the opening, without participants yet.
    await make.juror(pool, contest.id, juror)
    if has_left:
        await make.mark(pool, contest.id, contest.cheat, juror, "50")
        await make.juror(pool, contest.id, await make.account(pool, person="substitute"))
        await pool.execute("UPDATE jurors SET removed_at = now() WHERE account_id = $1", juror)
    row = (await sheet_of(pool, contest.id))[contest.honest]
    assert (row.eligible, row.reason_code) == (False, "juror")
    assert await best_of(pool, keys, contest.id) == contest.cheat


@pytest.mark.parametrize("account", ["the same", "another"])
@pytest.mark.parametrize("part", ["entry", "like", "comment"])
async def test_no_editor_puts_a_participant_on_the_jury(pool: Pool, contest: Contest, account: str, part: str) -> None:
    leader = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", contest.honest)
    named = leader if part == "entry" else await make.account(pool)
    if part == "like":
        await make.like(pool, contest.honest, named)
    elif part == "comment":
        await make.comment(pool, contest.honest, named)
    if account == "another":
        await pool.execute("UPDATE accounts SET person = 'two' WHERE id = $1", named)
        named = await make.account(pool, person="two")
    for _ in range(2):
        with pytest.raises(JurorTakesPart) as rejected:
            await members.assign_jurors(pool, await make.person(pool, role="editor"), contest.id, [named])
        assert [(each.field, each.code) for each in rejected.value.errors] == [("user_ids[0]", "takes_part")]
    row = (await sheet_of(pool, contest.id))[contest.honest]
    assert (row.eligible, row.excluded) == (True, [])


@pytest.mark.parametrize("part", ["unverified", "pending"])
async def test_nor_one_who_may_count_yet(pool: Pool, contest: Contest, part: str) -> None:
    named = await make.account(pool, verified=part != "unverified")
    await make.comment(pool, contest.honest, named)
    if part == "pending":
        await pool.execute("UPDATE comments SET state = 'pending' WHERE author_id = $1", named)
    with pytest.raises(JurorTakesPart):
        await members.assign_jurors(pool, await make.person(pool, role="editor"), contest.id, [named])


async def test_a_seat_that_is_taken_back_without_a_mark_leaves_no_trace(
    pool: Pool, keys: Keys, contest: Contest
) -> None:
    author = await pool.fetchval("SELECT author_id FROM posts WHERE id = $1", contest.honest)
    await make.juror(pool, contest.id, author)
    substitute, editor = await make.account(pool), await make.person(pool, role="editor")
    assert await members.assign_jurors(pool, editor, contest.id, [substitute], "换人") == "assigned"
    assert (await sheet_of(pool, contest.id))[contest.honest].eligible
    assert await best_of(pool, keys, contest.id) == contest.honest


@pytest.mark.parametrize("announced", [False, True])
async def test_the_place_of_an_erased_winner_goes_to_the_next_reserve(pool: Pool, keys: Keys, announced: bool) -> None:
    campaign = await (phases.announced if announced else phases.settled)(pool, keys)
    signed = await phases.result_of(pool, campaign.id)
    best = (await phases.winners_of(pool, campaign.id))[0]
    if announced:
        await claim_prize(pool, keys, best["account_id"], best["id"], phases.FORM)
    iss, sub = (await pool.fetchrow("SELECT iss, sub FROM accounts WHERE id = $1", best["account_id"])) or ("", "")
    gone = AppEvent("account.erased", make.now(), AppAccount(sub))
    assert await apply_event(pool, naming_of(keys, None), iss, "erased", gone, make.now()) == "applied"
    # The place is filled before the posts are erased, announced or not.
    assert await forfeit_next_prize(pool, keys)
    assert await pool.fetchval("SELECT count(*) FROM claims") == 0
    if not announced:
        await _announce(pool, keys, campaign)
    assert await _holders(pool, campaign) == [(1, campaign.posts[2]), (2, campaign.posts[1])]
    await count_posts(pool)
    assert await erase_next(pool, keys)
    assert not await forfeit_next_prize(pool, keys)
    # The signed result is unchanged, contains no names, and still verifies.
    assert signed is not None
    assert await phases.result_of(pool, campaign.id) == signed
    assert verify_result(signed, keys.public_keys().keys).is_valid


async def test_verdicts_count_until_the_settlement_and_can_be_taken_back(
    pool: Pool, keys: Keys, contest: Contest
) -> None:
    """The actions of a bribed editor are in the audit log, and another editor reverses them."""
    bribed, upright = [await make.person(pool, role="editor") for _ in range(2)]
    new = NewVoids(kinds=["like"], reason_code="bought", post_id=str(contest.honest))
    (void,) = await voids.add_voids(pool, bribed, contest.id, new)
    await disqualifying.disqualify_entry(pool, bribed, contest.id, contest.honest, Disqualifying("copied"))
    await voids.withdraw_void(pool, upright, contest.id, void.id)
    await disqualifying.reinstate_entry(pool, upright, contest.id, contest.honest, Reinstating("checked"))
    row = (await sheet_of(pool, contest.id))[contest.honest]
    assert (row.likes_counted, row.eligible, row.excluded) == (3, True, [])
    assert await best_of(pool, keys, contest.id) == contest.honest
    traces = await pool.fetch(
        "SELECT actor_id, action FROM audit WHERE actor_id = ANY ($1) ORDER BY id", [bribed, upright]
    )
    assert [(trace["actor_id"] == bribed, trace["action"]) for trace in traces] == [
        (True, "voids_added"),
        (True, "entry_disqualified"),
        (False, "void_withdrawn"),
        (False, "entry_reinstated"),
    ]
