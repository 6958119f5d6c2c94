"""`feed api`, `feed worker`, `feed migrate`: the processes of a production installation."""

import argparse
import asyncio
import gc
import multiprocessing
import os
import resource
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from signal import SIG_DFL, SIGTERM, signal
from typing import Any

from feed.commands.arguments import whole_number
from feed.commands.installation import add_data_option, check_storage, environment, find_settings, require_serving
from feed.embedded.launcher import end_with_parent
from feed.embedded.processes import require_free_port
from feed.geoip.files import open_regions
from feed.observability import logging
from feed.settings import Settings
from feed.terminal import print_lines

# The timeout for complete headers, also of the next request on a keep-alive connection.
_HEADER_SECONDS = 10
# For the request line (8 KB) and headers (16 KB), which the application limits; the server answers 431 beyond this.
_BUFFER_BYTES = 28 * 1024
# Of a process: streams of live events (`MAX_STREAMS`), which cost some kilobytes each, and requests.
_CONNECTIONS = 8192
_BACKLOG = 4096
# Files, sockets to the database and the like besides connections.
_OTHER_DESCRIPTORS = 512


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    api = subparsers.add_parser("api", help="只启动 API · the API alone", description="Serves HTTP until SIGTERM.")
    add_data_option(api)
    api.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    api.add_argument(
        "--port", type=whole_number(0, 65_535), default=8080, metavar="P", help="port to listen on (default 8080)"
    )
    api.add_argument("--workers", type=whole_number(1, 64), default=1, metavar="N", help="processes (default 1)")
    api.add_argument(
        "--grace",
        type=whole_number(0, 3_600),
        default=10,
        metavar="S",
        help="seconds for open requests at the end (default 10)",
    )
    api.set_defaults(run=run_api)

    worker = subparsers.add_parser(
        "worker",
        help="只启动后台任务 · the worker alone",
        description="Settles campaigns, sends messages and repairs, until SIGTERM. Several may run at once.",
    )
    add_data_option(worker)
    worker.set_defaults(run=run_worker)

    migration = subparsers.add_parser(
        "migrate",
        help="更新数据库结构 · bring the schema up to date",
        description="Applies the migrations that are missing. Harmless to repeat, also at the same time.",
    )
    add_data_option(migration)
    migration.add_argument(
        "--create-keys", action="store_true", help="also make the keys that are missing in FEED_KEYS_DIR"
    )
    migration.set_defaults(run=run_migrate)


def run_api(arguments: argparse.Namespace) -> int:
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.server import Server

    from feed.asgi import application
    from feed.startup import check_key_store

    settings = require_serving(find_settings(arguments.data))
    open_regions(settings.ip_regions_file)  # Checked once here, not in each worker.
    asyncio.run(check_key_store(settings))
    _check_storage(settings)
    # granian uses SO_REUSEPORT: another feed on the same port would get half of the requests.
    require_free_port(arguments.host, arguments.port)
    os.environ.update(environment(settings))  # The worker processes read it.
    _raise_descriptor_limit()
    # The workers are forked from this process: what is built here is built once, they share its memory, and one that has failed is
    # replaced at once.
    application()
    _freeze()
    server = Server(
        "feed.asgi:application",
        address=arguments.host,
        port=arguments.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        # HTTP/2 is terminated at the TLS proxy; here it would only add ways to occupy a worker.
        http=HTTPModes.http1,
        websockets=False,
        # A connection costs a few kilobytes, so slow ones must not exhaust the limit.
        backlog=_BACKLOG,
        backpressure=_CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_SECONDS * 1000, max_buffer_size=_BUFFER_BYTES),
        workers=arguments.workers,
        respawn_failed_workers=True,
        workers_kill_timeout=arguments.grace,
        # No handlers of granian's own: its logs go through ours.
        log_dictconfig={"handlers": {}, "loggers": {"_granian": {}, "granian.access": {}}},
    )
    server.serve(target_loader=load_application, wrap_loader=False)
    return 0


def _check_storage(settings: Settings) -> None:
    """In a process of its own: once the library of bucket storages was used here, it would wait for its threads without end in the
    worker processes, which are forked from this one without threads. Raises CannotStart."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as processes:
        processes.submit(_run_storage_check, settings).result()


def _run_storage_check(settings: Settings) -> None:
    asyncio.run(check_storage(settings))


def _raise_descriptor_limit() -> None:
    """Lets the worker processes have as many connections as they accept, where the system allows it; the usual limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


def load_application() -> Any:
    """The application of a worker process. The process ends with its parent."""
    # Until granian installs its handlers, the parent's handler inherited by the fork would swallow signals.
    signal(SIGTERM, SIG_DFL)
    end_with_parent(SIGTERM)
    from feed.asgi import application

    built = application()
    _freeze()
    # A request creates hundreds of objects; with the default threshold of 700 the collector would run several times per request.
    gc.set_threshold(5_000, 20, 20)
    return built


def _freeze() -> None:
    """Lets the garbage collector skip what lives as long as the process: its full collections would delay requests."""
    gc.collect()
    gc.freeze()


def run_worker(arguments: argparse.Namespace) -> int:
    from feed.worker.loop import run

    settings = require_serving(find_settings(arguments.data))
    logging.configure(settings.log_format)
    asyncio.run(check_storage(settings))
    asyncio.run(run(settings))
    return 0


def run_migrate(arguments: argparse.Namespace) -> int:
    from feed.commands.schema import bring_up_to_date
    from feed.keys.files import KeysMissing
    from feed.keys.store import open_keys
    from feed.startup import record_keys

    settings = find_settings(arguments.data)
    if arguments.create_keys:
        open_keys(settings.keys_dir, create=True)
    applied = asyncio.run(bring_up_to_date(settings))
    for name in applied:
        print_lines(f"已应用 applied {name}")
    print_lines("数据库结构已是最新 · the schema is up to date")
    # A container that only migrates may have no key store.
    with suppress(KeysMissing):
        asyncio.run(record_keys(settings, open_keys(settings.keys_dir, create=False)))
    return 0
