"""The installation that a command works on: from the environment, or the one that `feed up` runs."""

import argparse
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import structlog

from feed.campaigns.rules.site_terms import read_licences
from feed.embedded.processes import CannotStart, find_holder, write_private
from feed.environment import read_settings
from feed.limits.configuration import read_table
from feed.settings import MissingSetting, Settings, WeakSecret
from feed.sms.provider_account import InvalidSmsSettings
from feed.sms.registry import check_settings, require_sending
from feed.storage.opening import open_storage
from feed.storage.protocol import StorageMisconfigured, StorageUnavailable
from feed.webhooks import read_hook

log = structlog.get_logger("feed.commands")


class Run(msgspec.Struct, frozen=True):
    """The state of a running `feed up`, written to its data directory for other commands."""

    pid: int
    base_url: str
    environment: dict[str, str]  # The FEED_* variables of its children.


class NotRunning(CannotStart):
    """There is no environment and no running installation."""


class UnsafeSetting(CannotStart):
    """An insecure setting; nothing starts with it."""


def add_data_option(parser: argparse.ArgumentParser, *, inner: bool = False) -> None:
    """Adds `--data DIR`. `inner`: for a subcommand whose parent command has the option too."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        # The default of a subcommand would override the value given to its parent.
        default=argparse.SUPPRESS if inner else Path(os.environ.get("FEED_DATA") or ".feed"),
        help="数据目录 data directory (FEED_DATA, default .feed); unused where FEED_DATABASE_URL is set",
    )


def find_settings(data: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The environment's settings when it names a database, else those of the installation that runs on `data`.

    Raises NotRunning, or CannotStart for a setting that is missing, weak, or does not convert.
    """
    if environ.get("FEED_DATABASE_URL") or environ.get("FEED_DATABASE_URL_FILE"):
        return checked(environ)
    run = find_run(data)
    # Single variables can be overridden for one command.
    return checked({**run.environment, **{name: value for name, value in environ.items() if name.startswith("FEED_")}})


def find_run(data: Path) -> Run:
    """The `feed up` that runs on `data`. Raises NotRunning."""
    holder = find_holder(data)
    if holder is not None:
        with suppress(FileNotFoundError):
            run = msgspec.json.decode((data / "run.json").read_bytes(), type=Run)
            if run.pid == holder:  # Another pid: left by a run that was killed.
                return run
        raise NotRunning(
            f"{data} 里的 feed 正在启动，请稍候。\nfeed is just starting in {data}; try again in a moment."
        )
    raise NotRunning(
        f"{data} 里没有正在运行的 feed。请先运行 feed up，或用 --data 指定目录，或设置 FEED_DATABASE_URL。\n"
        f"No feed is running in {data}. Start one with `feed up`, name its directory with --data, "
        "or set FEED_DATABASE_URL."
    )


def write_run(data: Path, run: Run) -> None:
    """Writes the state of a running installation to its data directory."""
    write_private(data / "run.json", msgspec.json.format(msgspec.json.encode(run)))


def checked(environ: Mapping[str, str]) -> Settings:
    """`read_settings` with further checks. Raises CannotStart or UnsafeSetting with a message for the user."""
    try:
        settings = read_settings(environ)
        # Checked here, so that an invalid file is reported before anything starts.
        read_table(settings.limits, settings.limits_scale, embedded=settings.embedded)
        read_licences(settings.licences_file)
        read_hook(settings.push_hook_url, settings.push_hook_secret)
        read_hook(settings.cdn_purge_url, settings.cdn_purge_secret, setting="FEED_CDN_PURGE")
        check_settings(settings)
        return settings
    except MissingSetting as error:
        raise CannotStart(f"缺少环境变量 {error}。\nThe environment variable {error} is not set.") from None
    except WeakSecret as error:
        raise UnsafeSetting(
            f"{error} 太弱或是默认值，请换一个随机的（至少 16 个字符）。\n"
            f"{error} holds a secret that can be guessed: set a random one of 16 characters or more."
        ) from None
    except ValueError as error:
        raise CannotStart(f"环境变量有误。\nThe environment does not read: {error}") from None


def require_serving(settings: Settings) -> Settings:
    """The settings, if API and worker may run with them. Raises UnsafeSetting."""
    try:
        require_sending(settings)
    except InvalidSmsSettings as error:
        raise UnsafeSetting(str(error)) from None
    if not settings.media_store and not settings.embedded:
        raise CannotStart(
            "缺少环境变量 FEED_MEDIA_STORE。\nThe environment variable FEED_MEDIA_STORE is not set: "
            "a folder that API and worker share, or s3:// and a bucket."
        )
    return settings


async def check_storage(settings: Settings) -> None:
    """Raises CannotStart for a media storage that can never work. One that cannot be reached now stops nothing: texts need none."""
    try:
        await open_storage(settings, b"").check()
    except StorageMisconfigured as error:
        raise CannotStart(f"媒体存储无法使用，请检查设置。\nThe media storage cannot be used: {error}") from None
    except StorageUnavailable:
        log.warning("media storage unavailable", consequence="uploads and media wait until it can be reached")


def environment(settings: Settings) -> dict[str, str]:
    """The environment variables for these settings, the inverse of `read_settings`."""
    given: dict[str, Any] = msgspec.structs.asdict(settings)
    return {f"FEED_{name.upper()}": _text(value) for name, value in given.items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
