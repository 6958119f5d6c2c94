"""What is counted, by hand and where it happens; several processes of one machine are shown as one."""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Counter("feed_requests_total", "Answered requests.", ["method", "route", "status"])
SECONDS = Histogram(
    "feed_request_seconds",
    "From the first byte of a request to the last of its answer.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
DRIFT = Gauge(
    "feed_board_drift", "Sampled rows of the boards that were not as Postgres says.", multiprocess_mode="mostrecent"
)
LIMITED = Counter("feed_limited_total", "Requests refused because of a limit.", ["limit"])
PUSHES = Counter("feed_pushes_total", "Attempts to tell the push hook.", ["outcome"])
PUSH_OLDEST = Gauge(
    "feed_push_oldest_seconds", "How long the oldest push that waits has been waiting.", multiprocess_mode="mostrecent"
)
MESSAGES = Counter(
    "feed_messages_total", "Messages to phones, by what came of an attempt.", ["provider", "purpose", "outcome"]
)
TASKS = Counter("feed_tasks_total", "Runs of the worker's scheduled tasks.", ["task", "outcome"])


def text() -> bytes:
    """The metrics of all processes that share `PROMETHEUS_MULTIPROC_DIR`, or of this one, as Prometheus reads them."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
