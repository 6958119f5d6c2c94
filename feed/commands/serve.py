"""`feed api`, `feed worker`, `feed migrate`: the processes of a production installation, one each."""

import argparse
import asyncio
import gc
import os
from signal import SIG_DFL, SIGTERM, signal
from typing import Any

from feed import logging
from feed.commands.installation import add_data_option, environment, find_settings
from feed.embedded.processes import end_with_parent, require_free_port
from feed.geoip import open_regions

# Whole headers within this time, also those of the next request of a connection that is kept.
_HEADER_SECONDS = 10
# For headers; longer ones are refused with 431.
_BUFFER_BYTES = 64 * 1024
_CONNECTIONS = 4096


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    api = subparsers.add_parser("api", help="只启动 API · the API alone", description="Serves HTTP until SIGTERM.")
    add_data_option(api)
    api.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    api.add_argument("--port", type=int, default=8080, metavar="P", help="port to listen on (default 8080)")
    api.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default 1)")
    api.add_argument(
        "--grace", type=int, default=10, metavar="S", help="seconds for open requests at the end (default 10)"
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

    settings = find_settings(arguments.data)
    open_regions(settings.ip_regions_file)  # Said once, here, and not by each worker in turn.
    # granian's sockets share a port with whoever else is willing to: another feed would answer half of the requests.
    require_free_port(arguments.host, arguments.port)
    os.environ.update(environment(settings))  # Where the workers, processes of their own, look.
    logging.configure(settings.log_format)
    server = Server(
        "feed.asgi:application",
        address=arguments.host,
        port=arguments.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        # HTTP/2 ends at the proxy that ends TLS; here it would only add ways to hold a worker.
        http=HTTPModes.http1,
        websockets=False,
        # A connection costs a few kilobytes: slow ones must not use up the places of the others.
        backlog=_CONNECTIONS,
        backpressure=_CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_SECONDS * 1000, max_buffer_size=_BUFFER_BYTES),
        workers=arguments.workers,
        respawn_failed_workers=True,
        workers_kill_timeout=arguments.grace,
        # Nothing of granian's own: its lines go where ours go.
        log_dictconfig={"handlers": {}, "loggers": {"_granian": {}, "granian.access": {}}},
    )
    server.serve(target_loader=load_application, wrap_loader=False)
    return 0


def load_application() -> Any:
    """What each worker process serves. Without the parent nobody would stop a worker, so it ends too."""
    # Until granian listens to signals here, the parent's handler, inherited by the fork, would swallow them.
    signal(SIGTERM, SIG_DFL)
    end_with_parent(SIGTERM)
    from feed.asgi import application

    built = application()
    # What is built here lives as long as the process: without this the collector walks through all of it again and again, and
    # whoever asks in that moment waits for it.
    gc.collect()
    gc.freeze()
    # A request leaves hundreds of objects that need no collector; every 700 of them would wake it several times a request.
    gc.set_threshold(5_000, 20, 20)
    return built


def run_worker(arguments: argparse.Namespace) -> int:
    from feed.worker.loop import run

    settings = find_settings(arguments.data)
    logging.configure(settings.log_format)
    asyncio.run(run(settings))
    return 0


def run_migrate(arguments: argparse.Namespace) -> int:
    from feed.keys.store import open_keys
    from feed.migrations import migrate

    settings = find_settings(arguments.data)
    if arguments.create_keys:
        open_keys(settings.keys_dir, create=True)
    for name in asyncio.run(migrate(settings.direct_url)):
        print(f"已应用 applied {name}")
    print("数据库结构已是最新 · the schema is up to date")
    return 0
