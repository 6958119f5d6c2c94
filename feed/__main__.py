"""The command line: a table of commands, each a module of feed/commands with its own `register`."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version

import asyncpg

from feed.api.messages import message_of
from feed.commands.arguments import Parser
from feed.commands.installation import UnsafeSetting
from feed.embedded.processes import CannotStart, DirectoryInUse, PortBusy
from feed.errors import FeedError, Invalid
from feed.geoip.model import RegionsUnreadable
from feed.keys.files import KeyStoreError
from feed.migrations import MigrationError
from feed.poolers import NoSession
from feed.terminal import print_lines

# The module of feed/commands that registers each command, in the order in which the help lists them.
COMMANDS = {
    "up": "up",
    "demo": "demo",
    "api": "serve",
    "worker": "serve",
    "migrate": "serve",
    "outbox": "outbox",
    "push": "push",
    "rebuild": "rebuild",
    "settle": "settle",
    "verify": "verify",
    "keys": "keys",
    "audit": "audit",
    "retention": "retention",
    "words": "words",
    "bench": "bench",
    "sign-in": "sign_in",
    "token": "ops",
    "grant": "ops",
    "doctor": "ops",
}

# The database is unreachable, unknown or denies access: reported without a traceback.
_UNREACHABLE_ERRORS = (
    ConnectionError,
    TimeoutError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.CannotConnectNowError,
)


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser of the command line: with all commands, or with what the module of `command` registers.

    The modules of the others are not imported for it, which takes longer than most commands run.
    """
    parser = Parser(
        prog="feed",
        description="feed · 鹏友圈：社区动态、活动与可验证的评奖 · moments, campaigns, prizes that can be verified",
    )
    parser.add_argument("--version", action="version", version=f"feed {version('feed')}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    wanted = COMMANDS.get(command or "")
    for name in [wanted] if wanted else dict.fromkeys(COMMANDS.values()):
        import_module(f"feed.commands.{name}").register(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command. Returns the exit status: 0 for success, 1 for an error, 2 for wrong usage or a conflict."""
    given = sys.argv[1:] if argv is None else argv
    arguments = build_parser(given[0] if given else None).parse_args(given)
    try:
        status: int = arguments.run(arguments)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of the output has closed it, as `head` does; the final flush must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (PortBusy, DirectoryInUse, UnsafeSetting) as error:
        return _fail(str(error), 2)
    except (CannotStart, MigrationError, KeyStoreError, NoSession) as error:
        return _fail(str(error), 1)
    except RegionsUnreadable as error:
        return _fail(f"IP 属地文件无法使用。\nFEED_IP_REGIONS_FILE cannot be used: {error}", 1)
    except FeedError as error:
        return _fail(_message(error), 1)
    except _UNREACHABLE_ERRORS as error:
        return _fail(f"无法连接数据库。\nThe database cannot be reached: {error or type(error).__name__}", 1)
    return status


def _message(error: FeedError) -> str:
    """The message of an error as the API returns it, in both languages."""
    if error.detail:
        return error.detail
    codes = (
        [error.code, *(f"field.{each.code}" for each in error.errors)] if isinstance(error, Invalid) else [error.code]
    )
    return "\n".join(words for code in codes for language in ("zh-CN", "en") if (words := message_of(code, language)))


def _fail(message: str, status: int) -> int:
    print_lines(*f"feed: {message}".split("\n"), to=sys.stderr)
    return status


def run() -> None:
    """Runs one command as this process, and ends it with the command's status."""
    status = main()
    if "obstore" in sys.modules:
        # Its threads may come back to an interpreter that is ending, which aborts the process (-6) in place of the status.
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    run()
