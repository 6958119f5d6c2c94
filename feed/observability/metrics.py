"""The Prometheus metrics. Several processes on one machine are exported as one."""

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Counter("feed_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "feed_request_seconds",
    "Seconds from the first byte of a request to the last byte of its response; of a stream, to the first.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
STREAMS = Gauge("feed_streams", "Open streams of events.", multiprocess_mode="livesum")
DRIFT = Gauge("feed_board_drift", "Sampled board entries that differed from Postgres.", multiprocess_mode="mostrecent")
LIMITED = Counter("feed_limited_total", "Requests rejected by a rate limit.", ["limit"])
PUSHES = Counter("feed_pushes_total", "Attempts to call the push hook.", ["outcome"])
PUSH_OLDEST = Gauge("feed_push_oldest_seconds", "Age of the oldest waiting push.", multiprocess_mode="mostrecent")
MEDIA_PROCESSED = Counter(
    "feed_media_processed_total", "Attempts to process media, by what came of them.", ["kind", "outcome"]
)
MEDIA_SECONDS = Histogram(
    "feed_media_processing_seconds",
    "Seconds of an attempt to process a photo or video, from its lease to its end.",
    ["kind"],
    buckets=(0.25, 0.5, 1, 2, 5, 10, 30, 60, 180, 600),
)
MEDIA = Gauge(
    "feed_media", "Photos and videos of the last day that are not removed.", ["state"], multiprocess_mode="mostrecent"
)
MEDIA_OLDEST = Gauge(
    "feed_media_oldest_seconds",
    "Age of the oldest photo or video that waits for its processing.",
    ["kind"],
    multiprocess_mode="mostrecent",
)
MEDIA_TO_REMOVE = Gauge(
    "feed_media_removal_oldest_seconds",
    "Age of the oldest removal whose objects still stand.",
    multiprocess_mode="mostrecent",
)
MEDIA_MISSING = Gauge(
    "feed_media_missing",
    "Ready photos and videos of which the last sweep missed an object.",
    multiprocess_mode="mostrecent",
)
MEDIA_SWEPT = Gauge(
    "feed_media_swept_seconds", "Age of the last sweep of the object storage.", multiprocess_mode="mostrecent"
)
PURGES = Counter("feed_media_purges_total", "Attempts to call the purge hook of the CDN.", ["outcome"])
PURGE_OLDEST = Gauge(
    "feed_media_purge_oldest_seconds", "Age of the oldest waiting purge of the CDN.", multiprocess_mode="mostrecent"
)
PURGES_DEAD = Gauge("feed_media_purges_dead", "Purges that were given up.", multiprocess_mode="mostrecent")
AUDIT_UNSEALED = Gauge(
    "feed_audit_unsealed_seconds", "Age of the oldest audit row without a seal.", multiprocess_mode="mostrecent"
)
AUDIT_UNPUBLISHED = Gauge(
    "feed_audit_unpublished_seconds",
    "Age of the oldest checkpoint of the audit log that was not sent.",
    multiprocess_mode="mostrecent",
)
AUDIT_DIFFERS = Gauge(
    "feed_audit_differs",
    "1 if the audit log does not contain the checkpoint that is kept in a file.",
    multiprocess_mode="mostrecent",
)
AUDIT_FINDINGS = Gauge(
    "feed_audit_findings",
    "What the last nightly verification of the audit log has found, without what is acknowledged.",
    multiprocess_mode="mostrecent",
)
AUDIT_VERIFIED = Gauge(
    "feed_audit_verified_seconds",
    "Age of the last nightly verification of the audit log.",
    multiprocess_mode="mostrecent",
)
CASES_OPEN = Gauge("feed_cases_open", "Open cases.", ["kind", "stage"], multiprocess_mode="mostrecent")
CASES_OVERDUE = Gauge(
    "feed_cases_overdue", "Open cases past their due time.", ["kind", "stage"], multiprocess_mode="mostrecent"
)
CASES_OLDEST = Gauge(
    "feed_case_oldest_seconds", "Age of the oldest open case.", ["kind", "stage"], multiprocess_mode="mostrecent"
)
CASES_IN_TIME = Gauge(
    "feed_cases_in_time_ratio",
    "Share of the cases decided within a day that were decided before they were due.",
    ["kind"],
    multiprocess_mode="mostrecent",
)
REVIEWERS_ACTIVE = Gauge(
    "feed_reviewers_active", "Persons who have leased or judged a case lately.", multiprocess_mode="mostrecent"
)
UNQUEUED = Gauge(
    "feed_items_without_case",
    "Items that waited for a review without an open case, when this was last checked.",
    multiprocess_mode="mostrecent",
)
CHAINS_SHORT = Gauge(
    "feed_chains_short",
    "Review chains with more stages than persons who may take one.",
    multiprocess_mode="mostrecent",
)
CHAIN_VIOLATIONS = Gauge(
    "feed_chain_violations",
    "Texts that the proofs of the last seven days found visible without their approvals.",
    multiprocess_mode="mostrecent",
)
MESSAGES = Counter("feed_messages_total", "SMS by outcome of an attempt.", ["provider", "purpose", "outcome"])
TASKS = Counter("feed_tasks_total", "Runs of periodic jobs.", ["task", "outcome"])
WORDS_VERSION = Gauge(
    "feed_words_version", "The version of the list of words that is in force.", multiprocess_mode="min"
)
WORDS_SKIPPED = Gauge(
    "feed_words_skipped",
    "Listed words that are not used because they are damaged or too common.",
    multiprocess_mode="max",
)
LOOP_HELD = Histogram(
    "feed_loop_held_seconds",
    "Processor time by which a timer of the API's event loop was late, 50 times a second: meanwhile all requests wait.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
LOOP_LONGEST = Gauge("feed_loop_held_longest_seconds", "The longest since the start.", multiprocess_mode="max")
LOOP_LATEST = Gauge(
    "feed_loop_late_longest_seconds",
    "The same by the clock, with the time of other processes.",
    multiprocess_mode="max",
)


def is_shared() -> bool:
    """Whether the metrics are those of all processes that share `PROMETHEUS_MULTIPROC_DIR`; else they are of this one."""
    return "PROMETHEUS_MULTIPROC_DIR" in os.environ


def _registry() -> CollectorRegistry:
    if not is_shared():
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def text() -> bytes:
    """The metrics of all processes that share `PROMETHEUS_MULTIPROC_DIR`, else of this one, in the text format."""
    return generate_latest(_registry())


def samples(*names: str) -> list[tuple[str, dict[str, str], float]]:
    """The samples with these names: name, labels and value. With shared metrics it reads files."""
    return [
        (sample.name, sample.labels, sample.value)
        for metric in _registry().collect()
        for sample in metric.samples
        if sample.name in names
    ]
