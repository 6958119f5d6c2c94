"""The number of SQL statements of each GET, independent of the number of items."""

import re
from collections.abc import AsyncIterator
from typing import NamedTuple

import asyncpg
import httpx
import pytest
from asyncpg import Record
from redis.asyncio import Redis

from feed.api.state import AppState, build_app_state
from feed.keys.store import Keys
from feed.prizes.claims.shredding import Retention, shred_next_campaign
from feed.screens.posts import hot_lists, topics
from feed.screens.posts import new_count as new_posts
from feed.screens.prizes import fairness
from feed.settings import Settings
from tests.support import make, make_media
from tests.support.api import Join
from tests.support.phases import announced, listed
from tests.support.statements import count_statements, record_statements

STAFF = ("reviewer", "editor", "admin")


class Cost(NamedTuple):
    """The statements for a signed-in and for an anonymous request; None if a token is required."""

    path: str
    signed_in: int
    anonymous: int | None = None


# All GETs of the OpenAPI document. The read of a cached page is included, which runs once a second for all viewers.
EXPECTED: dict[str, Cost] = {
    "get_post": Cost("/posts/{post}", 2, 1),
    "list_posts": Cost("/posts?ids={posts}", 2, 1),
    "list_revisions": Cost("/posts/{post}/revisions", 2),
    "list_likers": Cost("/posts/{post}/likes", 4),
    "list_comments": Cost("/posts/{post}/comments", 6, 5),
    "get_comment": Cost("/comments/{root}", 5, 4),
    "list_replies": Cost("/comments/{root}/replies", 5, 4),
    "list_latest": Cost("/feeds/latest", 3, 2),
    "count_new": Cost("/feeds/latest/new?since_id={post}", 1, 1),
    "list_hot": Cost("/feeds/hot", 6, 5),
    "explain_hot": Cost("/feeds/hot/{post}/why", 9, 6),
    "list_videos": Cost("/feeds/videos", 1, 1),
    "list_topics": Cost("/topics?q=读", 3, 3),
    "list_topic_posts": Cost("/topics/读书/posts", 4, 3),
    "list_campaign_posts": Cost("/campaigns/{campaign}/posts", 4, 3),
    "get_user": Cost("/users/{author}", 3, 2),
    "get_relation": Cost("/users/{author}/relation", 3),
    "list_user_posts": Cost("/users/{author}/posts", 5, 3),
    "list_my_posts": Cost("/me/posts", 3),
    "read_topic": Cost("/topics/读书", 3, 3),
    "get_config": Cost("/config", 0, 0),
    "get_challenge": Cost("/auth/challenge", 0, 0),
    "get_me": Cost("/me", 5),
    "list_blocks": Cost("/me/blocks", 1),
    "list_juries": Cost("/me/juries", 1),
    "list_sessions": Cost("/me/sessions", 1),
    "get_export": Cost("/me/export", 1),
    "list_reports": Cost("/me/reports", 1),
    "get_settings": Cost("/me/settings", 3),
    "list_my_media": Cost("/me/media", 1),
    "get_media": Cost("/media/{medium}", 1),
    "list_appeals": Cost("/me/appeals", 2),
    "list_decisions": Cost("/me/decisions", 2),
    "list_inbox": Cost("/me/inbox", 1),
    "list_prizes": Cost("/me/prizes", 1),
    "get_prize": Cost("/me/prizes/{prize}", 5),
    "list_campaigns": Cost("/campaigns?topic=读书", 3, 3),
    "get_campaign": Cost("/campaigns/{campaign}", 1, 1),
    "get_rules": Cost("/campaigns/{campaign}/rules", 1, 1),
    "get_participation": Cost("/campaigns/{campaign}/me", 10),
    "get_leaderboard": Cost("/campaigns/{campaign}/leaderboard", 7, 6),
    "get_result": Cost("/campaigns/{decided}/result", 4, 4),
    "get_proof": Cost("/campaigns/{decided}/proof?post_id={winning_post}", 4, 4),
    "get_draw": Cost("/campaigns/{drawn}/draw", 3, 3),
    "list_winners": Cost("/campaigns/{decided}/winners", 3, 3),
    "list_reasons": Cost("/reason-codes", 1),
    "list_cases": Cost("/moderation/cases", 3),
    "list_words": Cost("/moderation/words", 4),
    "get_history": Cost("/moderation/cases/{case}/history", 6),
    "list_leased_cases": Cost("/moderation/cases/leased", 3),
    "get_case": Cost("/moderation/cases/{case}", 2),
    "get_waiting_times": Cost("/moderation/queue/waiting", 3),
    "get_queue_subjects": Cost("/moderation/queue/subjects", 4),
    "get_queue": Cost("/moderation/queue", 4),
    "search_users": Cost("/moderation/users?q=p", 3),
    "get_user_record": Cost("/moderation/users/{author}", 10),
    "list_sanctions": Cost("/moderation/sanctions", 3),
    "explain_visibility": Cost("/posts/{post}/why", 5),
    "list_takedowns": Cost("/moderation/takedowns", 3),
    "list_all_campaigns": Cost("/admin/campaigns", 2),
    "get_campaign_for_editors": Cost("/admin/campaigns/{campaign}", 3),
    "list_entries": Cost("/admin/campaigns/{campaign}/entries", 10),
    "get_numbers": Cost("/admin/campaigns/{campaign}/numbers", 5),
    "preview_campaign": Cost("/admin/campaigns/{campaign}/preview", 6),
    "get_jury": Cost("/admin/campaigns/{campaign}/jury", 9),
    "list_my_marks": Cost("/admin/campaigns/{campaign}/marks", 5),
    "get_draw_number": Cost("/admin/campaigns/{drawn}/draw/number", 5),
    "get_fairness": Cost("/admin/campaigns/{decided}/fairness", 9),
    "list_hot_actions": Cost("/admin/hot", 2),
    "list_changed_topics": Cost("/admin/topics", 2),
    "get_topic_for_editors": Cost("/admin/topics/读书", 2),
    "list_objections": Cost("/admin/objections", 2),
    "list_stuck_prizes": Cost("/admin/prizes/stuck", 2),
    "list_claim_access": Cost("/admin/campaigns/{ended}/claim-access", 4),
    "get_shredding": Cost("/admin/campaigns/{ended}/shredding", 2),
    "list_voids": Cost("/admin/campaigns/{campaign}/voids", 4),
    "get_decision": Cost("/admin/campaigns/{decided}/announcement", 9),
    "get_sheet": Cost("/admin/campaigns/{decided}/sheet", 3),
    "list_claims": Cost("/admin/campaigns/{decided}/claims", 3),
    "list_names": Cost("/admin/names", 2),
    "list_media_purges": Cost("/admin/media/purges", 3),
    "get_status": Cost("/admin/status", 9),
    "list_jobs": Cost("/admin/jobs", 3),
    "list_staff": Cost("/admin/staff", 2),
    "list_pushes": Cost("/admin/push", 3),
    "list_audit": Cost("/audit", 7),
    "list_texts": Cost("/admin/editorial", 2),
    "get_text": Cost("/admin/editorial/campaign/{campaign}", 5),
    "list_messages": Cost("/admin/messages", 3),
}
# They run no statements, or a health check; the checks of the doctor have connections of their own.
# Two are no pages: one can be read once, part by part; the other stays open, and reads for all streams together.
OPERATIONS = {"live", "ready", "get_keys", "get_audit_checkpoint", "download_export", "stream_events", "list_checks"}


@pytest.fixture
async def app_state(
    settings: Settings, pool: "asyncpg.Pool[Record]", redis: Redis, keys: Keys
) -> AsyncIterator[AppState]:
    """Without background tasks, so that all statements belong to requests."""
    assembled = build_app_state(settings, pool, redis, keys)
    yield assembled
    await assembled.likes.close()


class Scene:
    """A viewer and the items they see: `grow` adds items to every list."""

    def __init__(self, pool: "asyncpg.Pool[Record]", keys: Keys, viewer: int) -> None:
        self._pool = pool
        self._keys = keys
        self._viewer = viewer

    async def begin(self) -> None:
        pool = self._pool
        self.campaign = await make.campaign(pool, board="public")
        self.author = await make.account(pool)
        self.post = await make.entry(pool, self.campaign, self._viewer)
        self.root = await make.comment(pool, self.post)
        decided = await announced(pool, self._keys)
        self.decided, self.winning_post = decided.id, decided.posts[0]
        await self._end_details()
        self.drawn = (await listed(pool, self._keys)).id
        await pool.execute(
            "INSERT INTO campaign_proposals SELECT id, draft, $2 FROM campaigns WHERE id = $1",
            self.campaign,
            self._viewer,
        )
        self.posts = [self.post]

    async def _end_details(self) -> None:
        """Shreds the details of another campaign, without claims."""
        self.ended = (await announced(self._pool, self._keys)).id
        await self._pool.execute("UPDATE winners SET state = 'lapsed' WHERE campaign_id = $1", self.ended)
        await self._pool.execute(
            "UPDATE campaigns SET state = 'final', final_at = now() - interval '1 year' WHERE id = $1", self.ended
        )
        assert await shred_next_campaign(self._pool, self._keys, Retention())

    async def grow(self) -> None:
        pool = self._pool
        juror = await make.person(pool, role="editor")
        for author in (self.author, self._viewer, await make.account(pool)):
            post_id = await make.entry(pool, self.campaign, author)
            self.posts.append(post_id)
            await pool.execute(
                "INSERT INTO topic_posts SELECT topic_ids[1], now(), $1 FROM post_revisions WHERE post_id = $1", post_id
            )
            await pool.execute(
                "INSERT INTO cases (kind, author_id, post_id, revision, due_at) VALUES ('post', $1, $2, 1, now())",
                author,
                post_id,
            )
            await make.mark(pool, self.campaign, post_id, juror, "50")
            await make.like(pool, post_id)
            await make.like(pool, self.post)
            for under in (self.post, post_id):
                root = await make.comment(pool, under)
                for answered in (root, self.root):
                    reply = await make.comment(pool, self.post if answered == self.root else under)
                    await pool.execute(
                        "UPDATE comments SET root_id = $2, reply_to_id = $2 WHERE id = $1", reply, answered
                    )
                    await pool.execute("UPDATE comments SET reply_count = reply_count + 1 WHERE id = $1", answered)
            await make.void(pool, self.campaign, account_id=author)
            await pool.execute(
                """
                INSERT INTO signoffs (kind, subject_id, content_sha256, stage, account_id, person, author_persons, roles, name)
                VALUES ('post', $1, '', 1, $2, '', '{}', '{editor}', 'n')
                """,
                post_id,
                juror,
            )
            await make.campaign(pool, topic_name=f"别的 {post_id}")
            other = await make.account(pool)
            await pool.execute(
                "INSERT INTO relations (account_id, target_id, kind) VALUES ($1, $2, 'mute')", self._viewer, other
            )
            await pool.execute(
                """
                WITH added AS (
                    INSERT INTO inbox (account_id, kind, title, body, once_key, about_post_id, actor_id)
                    VALUES ($1, 'comment', 't', 'b', $2::text, $3, $4) RETURNING id
                )
                INSERT INTO pushes (inbox_id, account_id, once_key) SELECT id, $1, $2 FROM added
                """,
                self._viewer,
                f"k{post_id}",
                post_id,
                author,
            )
            self.medium = await make_media.medium(pool, self._viewer)
            await pool.execute(
                "INSERT INTO media_purges (media_id, reason, paths) VALUES ($1, 'hidden', '{a/list.webp}')",
                self.medium,
            )
        self.case = await pool.fetchval("SELECT max(id) FROM cases")
        won = await announced(pool, self._keys)
        self.prize = await pool.fetchval(
            """
            UPDATE winners SET account_id = $2
            WHERE id = (SELECT min(id) FROM winners WHERE campaign_id = $1)
            RETURNING id
            """,
            won.id,
            self._viewer,
        )

    def path(self, template: str) -> str:
        return template.format(
            post=self.post,
            posts=",".join(str(post_id) for post_id in self.posts),
            root=self.root,
            author=self.author,
            campaign=self.campaign,
            decided=self.decided,
            winning_post=self.winning_post,
            drawn=self.drawn,
            ended=self.ended,
            prize=self.prize,
            case=self.case,
            medium=self.medium,
        )


async def test_every_get_has_a_number_of_statements(client: httpx.AsyncClient) -> None:
    document = (await client.get("http://feed.test/openapi.json")).json()
    gets = {item["get"]["operationId"] for item in document["paths"].values() if "get" in item}
    assert gets == EXPECTED.keys() | OPERATIONS


async def test_the_number_of_statements_is_independent_of_the_number_of_items(
    app_state: AppState, client: httpx.AsyncClient, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    for screen in (hot_lists, new_posts, topics, fairness):
        monkeypatch.setattr(screen, "_CACHE_SECONDS", 0.0)
    person = join("小明", roles=STAFF)
    town = Scene(app_state.pool, app_state.keys, int((await person("GET", "/me")).json()["id"]))
    await town.begin()
    wrong: list[str] = []
    async with record_statements(app_state.pool) as recorded:
        for _ in range(2):
            await town.grow()
            for operation, cost in EXPECTED.items():
                path = town.path(cost.path)
                for caller, expected in ((person, cost.signed_in), (None, cost.anonymous)):
                    if expected is None:
                        continue
                    app_state.pages.invalidate(None)
                    await count_statements(recorded)
                    recorded.clear()
                    answer = await (client.get(path) if caller is None else caller("GET", path))
                    assert answer.status_code == 200, (path, answer.text)
                    await count_statements(recorded)
                    # What has ended recently is read in the background.
                    executed = len([each for each in recorded if not re.search(r"WHERE (erased|ended)_at >", each)])
                    if executed != expected:
                        wrong.append(
                            f"{operation} {'anonymous' if caller is None else 'signed in'}: {executed}, not {expected}"
                        )
    assert wrong == [], "\n".join(wrong)
