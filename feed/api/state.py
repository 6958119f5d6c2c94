"""The application state of an API process: connections, caches, batchers and the limiter."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from redis.asyncio import Redis

from feed.accounts.authentication import Authenticator
from feed.accounts.model import KnownAccount
from feed.accounts.store import list_owners
from feed.auth.jwks import KeySet
from feed.auth.tokens import AppIssuer, TokenVerifier
from feed.batching import Batcher
from feed.boards.projector import Projector
from feed.bounded_cache import sweep_forever
from feed.campaigns.rules.site_terms import SiteTerms, read_licences
from feed.cases.chain import SiteChain, read_site_chain
from feed.comments.actions import NewComment, add_comments
from feed.geoip.files import follow_forever, open_regions
from feed.geoip.model import IpRegions
from feed.idempotency import StoredResponse, store_responses
from feed.keys.store import Keys, open_keys
from feed.keys.vault import open_kms
from feed.likes.actions import apply_comment_likes, apply_likes
from feed.likes.model import CommentLike, Like, Liked
from feed.limits.configuration import read_table
from feed.limits.limiter import Limiter
from feed.limits.model import Owner
from feed.links import Links, links_of
from feed.live.access import list_ended
from feed.live.hub import Hub
from feed.live.readers import readers_of
from feed.media import store as media_store
from feed.media.addresses import MediaAddresses, grant_key_of
from feed.media.temporary_files import TemporaryFiles
from feed.pagination import Cursors
from feed.postgres import STATEMENT_SECONDS, Pool, close_pool
from feed.posts.actions import Draft, publish_posts
from feed.profiles.naming import Naming, naming_of
from feed.profiles.registration import register_account
from feed.profiles.verification import VerifiedAccounts
from feed.readiness import find_fault
from feed.redis import connect
from feed.reports.model import Thresholds
from feed.screening.follower import WordFollower
from feed.screening.model import MachineResult
from feed.screening.screener import Screener
from feed.screens.campaigns.final_leaderboard import FinalLeaderboards
from feed.screens.campaigns.leaderboard import Leaderboards
from feed.screens.comments.cards import CommentCard, read_cards
from feed.screens.people.profiles import MeBrief, list_briefs
from feed.screens.posts.hot_lists import HotLists
from feed.screens.posts.invalidation import PageInvalidation
from feed.screens.posts.new_count import NewPostCounter
from feed.screens.posts.pages import Pages
from feed.screens.posts.topics import Topics
from feed.screens.prizes.fairness import FairnessReports
from feed.settings import Settings
from feed.startup import Waiting, open_database, pausing
from feed.storage.opening import open_storage
from feed.storage.protocol import ObjectStorage
from feed.tasks import close_all, stop_tasks

# For each step of the end: the closing of what waits for a server that does not respond takes no longer.
_CLOSE_SECONDS = 3.0


class AppState(msgspec.Struct, frozen=True):
    """The open resources of a process; handlers get it as the dependency `app_state`."""

    settings: Settings
    pool: Pool
    redis: Redis
    keys: Keys
    cursors: Cursors
    authenticator: Authenticator
    likes: Batcher[Like, Liked]
    stored_responses: Batcher[StoredResponse, None]
    comment_likes: Batcher[CommentLike, Liked]
    comments: Batcher[NewComment, int]
    comment_cards: Batcher[tuple[int, int | None], CommentCard]
    briefs: Batcher[int, MeBrief | None]
    posts: Batcher[Draft, int]
    links: Links
    pages: Pages
    hot: HotLists
    fairness: FairnessReports
    leaderboards: Leaderboards
    topics: Topics
    new_posts: NewPostCounter
    invalidation: PageInvalidation
    live: Hub
    projector: Projector
    regions: IpRegions
    limiter: Limiter | None  # None: FEED_LIMITS=off.
    site_terms: SiteTerms
    screener: Screener
    report_thresholds: Thresholds
    words: WordFollower
    naming: Naming
    verified: VerifiedAccounts
    chain: SiteChain
    storage: ObjectStorage
    media: MediaAddresses
    temporary_files: TemporaryFiles

    def check(self, kind: Literal["post", "comment"], text: str) -> tuple[MachineResult, int]:
        """The result of the machine check, and the approvals that it and the site require before publication."""
        machine = self.screener.check(text, kind)
        return machine, self.chain.stages(kind, machine)

    def granted(self, key: str, file: str) -> str:
        """The address of a file that is not public, with a grant that expires some minutes from now."""
        return self.media.granted(key, file, now=datetime.now(UTC))

    def invalidate_posts(self, post_ids: Collection[int]) -> None:
        """Updates boards and drops cached pages after a commit that has changed posts."""
        self.projector.touch(post_ids)
        self.invalidation.invalidate(post_ids)


def build_app_state(settings: Settings, pool: Pool, redis: Redis, keys: Keys) -> AppState:
    """The state over open connections; it starts no tasks. Raises RegionsUnreadable."""
    cursors = Cursors(keys.cursor_key)
    links = links_of(settings)
    chain = read_site_chain(settings)
    media = MediaAddresses(settings.media_base_url, grant_key_of(keys.cursor_key))
    pages = Pages(pool, cursors, links, chain.hours, media)
    projector = Projector(pool, redis)
    limiter = _limiter(settings, pool, redis)
    screener = Screener(own_hosts=own_hosts(settings))
    naming = naming_of(keys, settings, screener.check)
    verified = VerifiedAccounts(pool, required=settings.require_phone)
    authenticator = Authenticator(
        pool,
        keys,
        TokenVerifier(keys.token_key, app_issuer(settings), own_roles=settings.embedded),
        register=partial(register_account, pool, naming),
        on_known_account=partial(_note_account, limiter, verified),
    )
    leaderboards = Leaderboards(pool, redis, FinalLeaderboards(pool), lambda: projector.epoch)
    return AppState(
        settings=settings,
        pool=pool,
        redis=redis,
        keys=keys,
        cursors=cursors,
        authenticator=authenticator,
        likes=Batcher(partial(apply_likes, pool, announce=projector.touch)),
        stored_responses=Batcher(partial(store_responses, pool)),
        comment_likes=Batcher(partial(apply_comment_likes, pool)),
        comments=Batcher(partial(add_comments, pool, announce=projector.touch)),
        comment_cards=Batcher(partial(read_cards, pool, hours=chain.hours), writes=False),
        briefs=Batcher(partial(_read_briefs, pool), writes=False),
        posts=Batcher(partial(publish_posts, pool, announce=projector.touch)),
        links=links,
        pages=pages,
        hot=HotLists(pool, redis, lambda: projector.epoch),
        fairness=FairnessReports(pool),
        leaderboards=leaderboards,
        topics=Topics(pool, redis, cursors),
        new_posts=NewPostCounter(pool),
        live=Hub(readers_of(pool, leaderboards), partial(list_ended, pool, authenticator)),
        invalidation=PageInvalidation(redis, pages.invalidate),
        projector=projector,
        regions=open_regions(settings.ip_regions_file),
        limiter=limiter,
        site_terms=SiteTerms(
            read_licences(settings.licences_file),
            settings.claims_kept_days,
            settings.claims_kept_at_most_days,
            editorial_chain=settings.editorial_chain == "on",
        ),
        report_thresholds=Thresholds(
            settings.reports_to_hide_post, settings.reports_to_hide_comment, settings.reports_after_approval
        ),
        screener=screener,
        chain=chain,
        temporary_files=TemporaryFiles(),
        words=WordFollower(pool, screener),
        naming=naming,
        verified=verified,
        storage=open_storage(settings, keys.cursor_key),
        media=media,
    )


def own_hosts(settings: Settings) -> frozenset[str]:
    """The hosts whose links in texts are those of the site."""
    return frozenset(host for url in (settings.public_url, settings.share_url) if (host := urlsplit(url).hostname))


def app_issuer(settings: Settings) -> AppIssuer | None:
    """The issuer of the app's tokens; None if accounts sign in with feed itself. Its keys are fetched for the first token."""
    if not settings.jwks_url:
        return None
    algorithms = settings.jwt_algorithm_names
    return AppIssuer(
        name=settings.jwt_issuer,
        audience=settings.jwt_audience,
        algorithms=algorithms,
        keys=KeySet(settings.jwks_url, algorithms),
        roles_claim=settings.roles_claim,
    )


async def _read_briefs(pool: Pool, account_ids: Sequence[int]) -> list[MeBrief | None]:
    async with pool.acquire() as conn:
        return await list_briefs(conn, account_ids)


def _note_account(limiter: Limiter | None, verified: VerifiedAccounts, known: KnownAccount) -> None:
    verified.note(known)
    if limiter is not None:
        limiter.cache_owner(known.id, Owner(known.person, known.age_seconds))


def _limiter(settings: Settings, pool: Pool, redis: Redis) -> Limiter | None:
    table = read_table(settings.limits, settings.limits_scale, embedded=settings.embedded)
    if table is None:
        return None
    return Limiter(redis, partial(list_owners, pool), table, limit_new_accounts=not settings.embedded)


@asynccontextmanager
async def open_app_state(settings: Settings, waiting: Waiting = lambda fault: None) -> AsyncIterator[AppState]:
    """Opens the state of an API process and starts its tasks; on exit it finishes pending writes before it closes connections.

    It waits until Postgres can be used and calls `waiting` with the reason. Raises KeyStoreError, RegionsUnreadable.
    """
    keys = open_keys(settings.keys_dir, create=settings.embedded, kms=open_kms(settings))
    pool = await open_database(
        settings.database_url,
        keys,
        size=settings.api_pool_size,
        statement_seconds=STATEMENT_SECONDS,
        statement_cache=settings.database_statement_cache,
        waiting=waiting,
        pause=pausing(),
    )
    assert pool is not None
    redis = connect(settings.redis_url)
    await asyncio.to_thread(TemporaryFiles().sweep)
    app_state = build_app_state(settings, pool, redis, keys)
    if await find_fault(pool) is None:
        async with pool.acquire() as conn:
            await media_store.record_base(conn, settings.media_base_url)
    app_state.projector.start()
    app_state.invalidation.start()
    await app_state.words.load()
    following = [
        asyncio.create_task(app_state.words.follow(), name="follow words"),
        asyncio.create_task(sweep_forever(), name="sweep caches"),
        asyncio.create_task(follow_forever(app_state.regions), name="follow files of regions"),
    ]
    try:
        yield app_state
    finally:
        await stop_tasks(*following)
        await close_app_state(app_state)
        await close_all(within=_CLOSE_SECONDS, redis=redis.aclose(), postgres=close_pool(pool))


async def close_app_state(app_state: AppState) -> None:
    """Ends the tasks of the state and finishes pending writes, as far as the servers respond in time. Connections stay open."""
    await close_all(
        within=_CLOSE_SECONDS,
        streams=app_state.live.close(),
        likes=app_state.likes.close(),
        comment_likes=app_state.comment_likes.close(),
        comments=app_state.comments.close(),
        comment_cards=app_state.comment_cards.close(),
        posts=app_state.posts.close(),
    )
    # After the writes, which they announce, count or repeat.
    await close_all(
        within=_CLOSE_SECONDS,
        projector=app_state.projector.close(),
        invalidation=app_state.invalidation.close(),
        stored_responses=app_state.stored_responses.close(),
        **{} if app_state.limiter is None else {"limiter": app_state.limiter.close()},
        storage=app_state.storage.close(),
    )
