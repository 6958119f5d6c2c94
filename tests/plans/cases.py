"""Hot reads and the statements of batches, each with the indexes that it must use and the pages that it may access."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec

from feed import idempotency
from feed.accounts import blocks, event_store, sign_in_store
from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.accounts.store import list_owners
from feed.audit import seal_store as audit_seals
from feed.boards import compute
from feed.boards import store as boards
from feed.boards.model import BOARD_STATES
from feed.campaigns.entries import draw_entry_store
from feed.campaigns.entries import store as entries
from feed.campaigns.scoring import engagement
from feed.cases import store as cases
from feed.cases.model import CaseFilter
from feed.changes import actions as change_actions
from feed.changes import store as changes
from feed.changes.store import Delta
from feed.comments.actions import NewComment, add_comments
from feed.comments.model import CommentId
from feed.idempotency import KeyedRequest, StoredResponse
from feed.ids import MAX_ID
from feed.inbox import push_store
from feed.inbox import store as inbox_store
from feed.inbox.model import NotificationKind
from feed.likes.actions import apply_comment_likes, apply_likes
from feed.likes.model import CommentLike, Like
from feed.moderation import actions as moderation_actions
from feed.moderation import queue_store, verdict_store
from feed.notifications import actions as notifications
from feed.pagination import NEWEST, OLDEST, Position
from feed.posts.actions import Draft, publish_posts
from feed.posts.model import NewPost, PostId
from feed.prizes.settlement import sheet_store
from feed.screening import later_store
from feed.screening.fingerprints import Fingerprint
from feed.screens.campaigns import lists as campaign_lists
from feed.screens.comments import cards as comments
from feed.screens.comments import hot
from feed.screens.media.readers import find_file
from feed.screens.people import inbox, profiles
from feed.screens.posts import cards, feeds, likers
from feed.screens.posts.viewer import ViewerState
from feed.screens.posts.viewer_store import ViewerQuery, list_viewer_states, require_visible_post
from feed.screens.prizes import proofs
from feed.screens.staff import audit as audit_screen
from feed.screens.staff import cases as case_screen
from feed.screens.staff import pushes
from feed.screens.staff.audit import AuditFilter
from feed.sms import store as messages
from tests.plans.fill import (
    AVATARS,
    BUSY_ACCOUNT,
    BUSY_TOPIC,
    CAMPAIGN,
    DECIDED_CAMPAIGN,
    LIKED_DRAW,
    POSTS,
    REVIEWER,
    VIRAL_POST,
)
from tests.plans.plans import PlanRecorder
from tests.support.make import now

MIDDLE = Position(now() - timedelta(days=15), 0)
VIEWER = 900
VIEWERS = list(range(1, 20_000, 200))
PAGE = tuple(range(POSTS - 40, POSTS, 2))
HOTTEST = tuple(range(1, 21))
REPLIED_COMMENT, REPLIED_POST = 1, 30
SPREAD_POSTS = list(range(1, POSTS, 500))
ANY_CASE = CaseFilter()
KINDS: tuple[NotificationKind, ...] = ("review_result", "comment", "reply", "like", "prize", "claim_deadline", "system")


class Case(msgspec.Struct, frozen=True):
    """A call, the indexes that its statements must use, and how many pages they may access together.

    `a|b` in `indexes` is either. `pages` is about twice the number when the case was written; a plan that grows with the tables
    accesses a hundred times more. `through`: tables that may be scanned, because most of their rows are needed or a hash is
    cheaper than a lookup per row.
    """

    run: Callable[[PlanRecorder], Awaitable[Any]]
    indexes: tuple[str, ...]
    pages: int
    through: tuple[str, ...] = ()


def _audit(recorder: PlanRecorder, wanted: AuditFilter) -> Awaitable[Any]:
    return audit_screen.list_audit(recorder.conn, wanted, before_id=MAX_ID, limit=21, language="en")


def viewer_queries(*pages: tuple[int, ...]) -> list[ViewerQuery]:
    """A hundred viewers of these pages."""
    return [ViewerQuery(viewer, pages[n % len(pages)], tuple(range(1, 200, 10))) for n, viewer in enumerate(VIEWERS)]


def likes(post_id: int | None) -> list[Like]:
    """Likes by a hundred accounts, of this post or of a different post each."""
    return [Like(PostId(post_id or n * 450 + 1), AccountId(viewer)) for n, viewer in enumerate(VIEWERS)]


def comment_likes() -> list[CommentLike]:
    """Likes by a hundred accounts, of a different comment each."""
    return [CommentLike(CommentId(n * 600 + 1), AccountId(viewer)) for n, viewer in enumerate(VIEWERS)]


def new_comments(post_id: int | None, reply_to_id: int | None = None) -> list[NewComment]:
    """Comments by a hundred accounts, on this post or on a different post each."""
    return [
        NewComment.checked(
            AccountId(viewer), PostId(post_id or n * 450 + 1), "好", CommentId(reply_to_id) if reply_to_id else None
        )
        for n, viewer in enumerate(VIEWERS)
    ]


def drafts() -> list[Draft]:
    """Posts by a hundred accounts, with existing topics."""
    return [Draft.checked(AccountId(viewer), NewPost(text=f"一条 #t{n + 1}#")) for n, viewer in enumerate(VIEWERS)]


async def unlikes(s: PlanRecorder) -> None:
    """Removes a hundred likes."""
    rows = await s.conn.fetch("SELECT post_id, account_id FROM likes WHERE account_id < 10 ORDER BY 2, 1 LIMIT 100")
    await s.plans()
    await apply_likes(s.pool, [Like(row["post_id"], row["account_id"], liked=False) for row in rows])


async def proof_of(s: PlanRecorder, *, post_id: int | None = None, account_id: int | None = None) -> None:
    """The proof of one of 30,000 entries."""
    version = await proofs.find_version(
        s.conn, DECIDED_CAMPAIGN, post_id=post_id, comment_id=None, account_id=account_id
    )
    await proofs.read_proof(s.conn, version)


async def comment_cards(s: PlanRecorder) -> None:
    """A page of comments with their first replies."""
    ids = await comments.list_oldest(s.conn, VIRAL_POST, OLDEST, 20)
    roots = await comments.list_comments(s.conn, ids, BUSY_ACCOUNT)
    await comments.list_cards(s.conn, roots, ViewerState(BUSY_ACCOUNT))


async def answers(s: PlanRecorder) -> None:
    """Stores the responses of a hundred requests with idempotency keys."""
    given = [
        StoredResponse(AccountId(1 + n % 20_000), KeyedRequest("POST /v1/posts", f"k{n}", b""), 201, b"{}")
        for n in range(1, 29_000, 300)
    ]
    await idempotency.store_responses(s.pool, given)


CASES: dict[str, Case] = {
    # Lists of posts, and the cards in them.
    "latest": Case(lambda s: feeds.list_latest(s.conn, NEWEST, 21), ("posts_latest",), 10),
    "latest, far down": Case(lambda s: feeds.list_latest(s.conn, MIDDLE, 21), ("posts_latest",), 10),
    "of a topic": Case(
        lambda s: feeds.list_under_topics(s.conn, [BUSY_TOPIC], NEWEST, 21), ("topic_posts_pkey", "posts_pkey"), 150
    ),
    "videos": Case(lambda s: feeds.list_videos(s.conn, NEWEST, 21), ("posts_videos",), 10),
    "of an author": Case(lambda s: feeds.list_of_author(s.conn, BUSY_ACCOUNT, NEWEST, 21), ("posts_of_author",), 10),
    "of a campaign": Case(
        lambda s: feeds.list_of_campaign(s.conn, CAMPAIGN, NEWEST, 21), ("entries_latest", "posts_pkey"), 150
    ),
    "own": Case(
        lambda s: feeds.list_own(s.conn, VIEWER, ["published"], MAX_ID, 21), ("posts_own|posts_of_author",), 60
    ),
    "own of a rare state": Case(
        lambda s: feeds.list_own(s.conn, BUSY_ACCOUNT, ["rejected"], MAX_ID, 21), ("posts_own",), 1_200
    ),
    "cards": Case(
        lambda s: cards.list_posts(s.conn, PAGE),
        ("posts_pkey", "post_revisions_pkey", "post_stats_pkey", "accounts_pkey", "entries_by_post"),
        800,
    ),
    "file of a post's photo": Case(
        lambda s: find_file(s.conn, f"{POSTS - 100:020d}", "full.webp"),
        ("media_by_key", "posts_pkey", "post_revisions_pkey"),
        30,
    ),
    "file of an avatar": Case(
        lambda s: find_file(s.conn, f"{AVATARS + 9_991:020d}", "full.webp"), ("media_by_key", "accounts_pkey"), 30
    ),
    "viewer states of the latest page": Case(
        lambda s: list_viewer_states(s.conn, viewer_queries(PAGE)), ("likes_by_account", "accounts_of_person"), 2_900
    ),
    # Most likes belong to the most popular posts: they must not all be read.
    "viewer states of the hottest page": Case(
        lambda s: list_viewer_states(s.conn, viewer_queries(HOTTEST)), ("likes_by_account", "accounts_of_person"), 2_900
    ),
    "viewer states of several pages": Case(
        lambda s: list_viewer_states(s.conn, viewer_queries(PAGE, HOTTEST)), ("likes_by_account",), 7_000
    ),
    "viewer state for one post": Case(lambda s: require_visible_post(s.conn, VIRAL_POST, VIEWER), ("posts_pkey",), 50),
    # Comments and likers.
    "comments, oldest": Case(
        lambda s: comments.list_oldest(s.conn, VIRAL_POST, OLDEST, 21), ("comments_roots_timed",), 30
    ),
    "comments, newest": Case(
        lambda s: comments.list_newest(s.conn, VIRAL_POST, NEWEST, 21), ("comments_roots_timed",), 30
    ),
    "comments, hot": Case(lambda s: hot.rank(s.conn, VIRAL_POST, None), ("comments_roots_hot",), 1_500),
    "replies": Case(lambda s: comments.list_replies(s.conn, 1, OLDEST, 21), ("comments_replies_timed",), 30),
    "cards of comments": Case(
        comment_cards, ("comments_by_id", "comment_likes_pkey", "comments_replies_timed", "accounts_pkey"), 2_500
    ),
    "likers": Case(
        lambda s: likers.list_likers(s.conn, VIRAL_POST, NEWEST, 21), ("likes_lately", "accounts_pkey"), 150
    ),
    # Accounts.
    "blocks": Case(lambda s: profiles.list_blocks(s.conn, BUSY_ACCOUNT, NEWEST, 21), ("relations_latest",), 150),
    "kept apart": Case(
        lambda s: blocks.get_hidden_accounts(s.conn, VIEWER), ("relations_pkey", "relations_blocked_by"), 30
    ),
    "owners": Case(lambda s: list_owners(s.pool, VIEWERS), ("accounts_pkey",), 700),
    # Per account three pages for its row, three for the accounts of its person, two for their sanctions.
    "standings": Case(
        lambda s: accounts.list_standings(s.conn, VIEWERS), ("sanctions_once", "accounts_of_person"), 1_600
    ),
    "inbox": Case(
        lambda s: inbox.list_inbox(s.conn, BUSY_ACCOUNT, KINDS, MAX_ID, 21),
        ("inbox_of_account",),
        800,
        through=("relations",),
    ),
    "inbox of a rare kind": Case(
        lambda s: inbox.list_inbox(s.conn, BUSY_ACCOUNT, ["prize"], MAX_ID, 21), ("inbox_of_account|inbox_once",), 1_700
    ),
    "unread": Case(
        lambda s: inbox.count_unread(s.conn, BUSY_ACCOUNT), ("inbox_unread",), 20_000, through=("relations",)
    ),
    "what pages show of their users": Case(
        lambda s: profiles.list_briefs(s.conn, [*range(1, 31), BUSY_ACCOUNT]),
        ("inbox_unread",),
        22_000,
        through=("relations", "staff_rights", "departures"),
    ),
    "read": Case(lambda s: inbox_store.mark_read(s.conn, BUSY_ACCOUNT, 60_000), ("inbox_unread",), 25_000),
    "bodies of pushes": Case(
        lambda s: pushes.list_bodies(s.conn, list(range(59_901, 59_951))), ("inbox_pkey", "inbox_unread"), 25_000
    ),
    # Boards and campaigns.
    "moment": Case(lambda s: boards.get_log_head(s.conn), ("change_log_pkey",), 40),
    "campaigns with boards": Case(lambda s: boards.list_campaigns(s.conn, BOARD_STATES), (), 40),
    # Of few campaigns: whether the person takes part is looked up in each.
    "campaigns of a topic": Case(
        lambda s: campaign_lists.list_ids_of_topic(s.conn, f"t{BUSY_TOPIC}"), ("topics_one_per_key",), 60
    ),
    "open campaigns of a topic": Case(lambda s: campaign_lists.list_open_of_topics(s.conn, [BUSY_TOPIC]), (), 60),
    "campaigns of a participant": Case(
        lambda s: campaign_lists.list_ids_of_participant(s.conn, BUSY_ACCOUNT), ("entries_by_author",), 1_500
    ),
    "posts for boards": Case(
        lambda s: boards.list_posts(s.conn, SPREAD_POSTS), ("post_stats_pkey", "posts_pkey"), 1_800
    ),
    "entries for boards": Case(
        lambda s: boards.list_entries(s.conn, SPREAD_POSTS, [CAMPAIGN]), ("entries_by_post|entries_latest",), 500
    ),
    "entered": Case(
        lambda s: boards.list_entered(s.conn, SPREAD_POSTS, [CAMPAIGN]), ("entries_by_post|entries_latest",), 300
    ),
    # All bans of the site are read, once.
    "leaderboard from Postgres": Case(
        lambda s: compute.campaign_ranking(s.conn, CAMPAIGN, 1_000),
        ("entries_pkey|entries_latest", "likes_lately|likes_pkey", "past_likes_pkey", "comments_pkey"),
        12_000,
        through=("accounts", "sanctions"),
    ),
    # The likers of one post, once, with their accounts.
    "entries of a draw by like": Case(
        lambda s: draw_entry_store.list_entries(s.conn, LIKED_DRAW),
        ("likes_pkey", "past_likes_pkey"),
        300_000,
        through=("accounts", "sanctions"),
    ),
    "own entry in a draw by like": Case(
        lambda s: draw_entry_store.list_entries_of(s.conn, LIKED_DRAW, 5_000),
        ("likes_pkey|likes_by_account",),
        20_000,
        through=("sanctions",),
    ),
    # A settlement reads all engagement with the entries, and the persons with several accounts, once.
    "counting for a settlement": Case(
        lambda s: engagement.count_engagement(s.conn, CAMPAIGN),
        ("likes_lately|likes_pkey", "comments_pkey"),
        12_000,
        through=("accounts", "sanctions", "entries"),
    ),
    "facts for a settlement": Case(
        lambda s: sheet_store.list_facts(s.conn, CAMPAIGN),
        ("post_revisions_pkey", "posts_pkey"),
        12_000,
        through=("accounts", "entries"),
    ),
    "the proof of a post": Case(
        lambda s: proof_of(s, post_id=20_000),
        ("result_rows_pkey", "sheet_rows_pkey"),
        300,
    ),
    "the proof of one's own entry": Case(
        lambda s: proof_of(s, account_id=VIEWER),
        ("result_rows_by_account", "result_rows_pkey"),
        300,
    ),
    "entries that may be hot": Case(
        lambda s: feeds.list_newest_entries(s.conn, CAMPAIGN, 1_000), ("entries_pkey", "posts_pkey"), 6_000
    ),
    "topics of the hot list": Case(
        lambda s: feeds.list_topics_of(s.conn, list(range(POSTS - 1_000, POSTS))),
        ("topic_posts_by_post",),
        6_000,
        through=("topics",),
    ),
    "entering": Case(
        lambda s: entries.add_entries(s.conn, [POSTS - 10, POSTS - 20]), ("posts_pkey", "post_revisions_pkey"), 200
    ),
    "sweeping entries": Case(
        lambda s: entries.add_missed_entries(s.conn, CAMPAIGN), ("posts_by_age", "post_revisions_pkey"), 20_000
    ),
    "entries engaged by some": Case(
        lambda s: entries.list_engaged_by(s.conn, CAMPAIGN, [3, 5]),
        ("entries_pkey", "likes_by_account", "past_likes_by_account|past_likes_pkey", "comments_by_author"),
        2_000,
    ),
    "entries engaged by one": Case(
        lambda s: verdict_store.list_engaged_entries(s.conn, 3),
        ("likes_by_account", "past_likes_by_account", "comments_by_author", "entries_by_post|entries_latest"),
        200,
    ),
    # Moderation.
    "queue": Case(lambda s: queue_store.list_open(s.conn, ANY_CASE, OLDEST, 21), ("cases_urgent",), 1_200),
    "archive": Case(lambda s: queue_store.list_closed(s.conn, ANY_CASE, NEWEST, 21), ("cases_closed",), 1_400),
    "cards of cases": Case(
        lambda s: case_screen.list_cases(s.conn, [*range(POSTS - 21, POSTS)]), ("cases_pkey", "posts_pkey"), 1_000
    ),
    "lease": Case(
        lambda s: moderation_actions.lease_cases(s.pool, AccountId(REVIEWER), ANY_CASE, count=20),
        ("cases_urgent", "verdicts_by_case|verdicts_one_per_reviewer_and_stage", "accounts_of_person"),
        12_000,
    ),
    "cases of a deleted post": Case(lambda s: cases.close_cases(s.conn, post_id=POSTS - 1), ("cases_by_post",), 100),
    "case of a deleted comment": Case(
        lambda s: cases.close_cases(s.conn, comment_id=99_999), ("cases_one_open_per_comment|cases_by_comment",), 100
    ),
    # A hundred texts at most by each band, also of one that most share.
    "similar texts": Case(
        lambda s: later_store.list_similar(s.conn, 7, Fingerprint(7, 7, (7, 7, 7, 7))),
        ("text_fingerprints_exact", "text_fingerprints_band_1", "text_fingerprints_band_4"),
        1_000,
    ),
    # The audit log. Indexes of its partitions have the names of their months, so only the pages are compared.
    "audit of a subject": Case(lambda s: _audit(s, AuditFilter(subject=("post", 40_000))), (), 400),
    "audit of an actor": Case(lambda s: _audit(s, AuditFilter(actor_id=19_980)), (), 400),
    "audit of an action": Case(lambda s: _audit(s, AuditFilter(action="case.dismiss")), (), 400),
    "audit of an action that is missing": Case(lambda s: _audit(s, AuditFilter(action="announce")), (), 400),
    "audit": Case(lambda s: _audit(s, AuditFilter()), (), 400),
    "audit rows to be sealed": Case(
        lambda s: audit_seals.list_unsealed(s.conn, unsealed_from=0, limit=2_000), (), 10_000
    ),
    # The change log and its readers.
    "changes": Case(lambda s: changes.list_changes(s.conn, 50_000, 500), ("change_log_pkey",), 30),
    "stamps of changes": Case(lambda s: changes.list_stamps(s.conn, [100, 50_000, 99_999]), ("change_log_pkey",), 30),
    # Two thousand changes; the table of changes without a number is scanned, since it stays small.
    "sequencer": Case(lambda s: change_actions.number_changes(s.pool), (), 25_000),
    "notifications of likes": Case(
        lambda s: notifications.notify_likes(s.pool),
        ("like_groups_due", "likes_lately", "change_log_pkey", "post_stats_pkey", "accounts_pkey"),
        5_000,
        through=("relations", "past_likes", "like_groups", "post_stats"),
    ),
    "notifications of comments": Case(
        lambda s: notifications.notify_comments(s.pool),
        ("comments_untold", "posts_pkey", "accounts_pkey"),
        17_000,
        through=("relations",),
    ),
    "pushes to send": Case(
        lambda s: push_store.lease_pushes(s.conn, limit=50, lease=timedelta(minutes=1)), ("pushes_due",), 1_600
    ),
    "messages without a job": Case(
        lambda s: messages.list_without_job(s.conn), ("messages_open|messages_by_state",), 150
    ),
    "abandoned messages": Case(
        lambda s: messages.lease_abandoned(s.conn, after=timedelta(minutes=1)),
        ("messages_open|messages_by_state", "messages_pkey"),
        300,
    ),
    # Removal of old rows.
    "old keys": Case(lambda s: idempotency.remove_old(s.conn, hours=24), ("idempotency_keys_by_age",), 500),
    "old codes": Case(lambda s: sign_in_store.remove_old_codes(s.conn, hours=24), ("sign_in_codes_by_age",), 300),
    "old tokens": Case(lambda s: sign_in_store.remove_old_tokens(s.conn, hours=24), ("refresh_tokens_by_end",), 200),
    "old events": Case(lambda s: event_store.remove_old_events(s.conn, hours=30 * 24), ("account_events_by_age",), 30),
    "old changes": Case(lambda s: changes.trim_log(s.conn, hours=7 * 24), ("change_log_pkey",), 9_000),
    "old pushes": Case(lambda s: push_store.remove_old(s.conn, days=7, dead_days=30), ("pushes_ended",), 300),
    # Batches of a hundred items.
    "likes of one post": Case(
        lambda s: apply_likes(s.pool, likes(VIRAL_POST)),
        ("post_stats_pkey", "posts_pkey", "sanctions_once", "accounts_of_person"),
        3_000,
    ),
    "likes of many posts": Case(
        lambda s: apply_likes(s.pool, likes(None)),
        ("post_stats_pkey", "posts_pkey", "sanctions_once", "accounts_of_person"),
        7_000,
    ),
    "unlikes": Case(unlikes, ("post_stats_pkey", "posts_pkey", "likes_by_account|likes_pkey"), 5_000),
    "likes of comments": Case(
        lambda s: apply_comment_likes(s.pool, comment_likes()), ("comments_by_id", "posts_pkey"), 10_000
    ),
    "comments of one post": Case(
        lambda s: add_comments(s.pool, new_comments(VIRAL_POST)),
        ("post_stats_pkey", "posts_pkey", "sanctions_once", "accounts_of_person"),
        4_000,
    ),
    "comments of many posts": Case(
        lambda s: add_comments(s.pool, new_comments(None)), ("post_stats_pkey", "posts_pkey", "sanctions_once"), 7_000
    ),
    "replies to one comment": Case(
        lambda s: add_comments(s.pool, new_comments(REPLIED_POST, REPLIED_COMMENT)),
        ("post_stats_pkey", "posts_pkey", "comments_by_id|comments_pkey"),
        4_500,
    ),
    "posts": Case(
        lambda s: publish_posts(s.pool, drafts()),
        ("topics_one_per_key", "sanctions_once", "campaigns_by_topic"),
        12_500,
    ),
    "statistics locked": Case(lambda s: changes.lock_stats(s.conn, SPREAD_POSTS), ("post_stats_pkey",), 1_000),
    "statistics moved": Case(
        lambda s: changes.change_stats(s.conn, [Delta(id_, likes=1) for id_ in SPREAD_POSTS]),
        ("post_stats_pkey",),
        1_300,
    ),
    "answers stored": Case(answers, ("idempotency_keys_pkey",), 2_500),
}
