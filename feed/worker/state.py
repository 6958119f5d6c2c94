"""The resources that the worker's jobs use."""

from typing import NamedTuple

from redis.asyncio import Redis

from feed.cases.chain import PUBLISH_FIRST, SiteChain
from feed.keys.store import Keys
from feed.moderation.later_checks import LaterChecks
from feed.postgres import Pool
from feed.prizes.claims.shredding import Retention
from feed.sms.model import QuietHours
from feed.sms.provider import SmsProvider
from feed.sms.quotas import UNCAPPED, Caps
from feed.storage.absent import AbsentStorage
from feed.storage.protocol import ObjectStorage
from feed.worker.checkpoints import Outlets
from feed.worker.drand_client import DrandClient
from feed.worker.media import MediaWork
from feed.worker.push_hook import PushClient


class AccessLogs(NamedTuple):
    """Where the access log is, and how many days its files are kept. Empty: there is none."""

    directory: str = ""
    days: int = 183


class WorkerState(NamedTuple):
    """Opened and closed by the worker process, or by a test."""

    pool: Pool
    redis: Redis
    keys: Keys
    provider: SmsProvider
    quiet: QuietHours | None
    push: PushClient | None = None
    drand: DrandClient | None = None
    caps: Caps = UNCAPPED
    retention: Retention = Retention()
    checkpoints: Outlets = Outlets()
    names_reserved_days: int = 180
    later: LaterChecks | None = None  # None: later checks do not run.
    access_logs: AccessLogs = AccessLogs()
    chain: SiteChain = PUBLISH_FIRST
    storage: ObjectStorage = AbsentStorage()
    media: MediaWork | None = None  # None: media are neither processed nor removed.
