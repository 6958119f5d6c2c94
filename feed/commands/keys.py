"""`feed keys`: lists and rotates the signing keys of results."""

import argparse
import asyncio
from datetime import UTC, datetime

from feed.commands.installation import add_data_option, find_settings
from feed.keys.checks import accept_keys
from feed.keys.fingerprints import Difference, explain
from feed.keys.signatures import PublicKey
from feed.keys.store import Keys, open_keys
from feed.postgres import open_pool, with_retries
from feed.settings import Settings
from feed.terminal import print_lines


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "keys",
        help="签名密钥 · the keys that results are signed with",
        description="列出公钥，当前使用的在前。"
        " · Lists the public keys, the current one first, as /.well-known/feed-keys.json serves them.",
    )
    add_data_option(parser)
    parser.set_defaults(run=run_list)
    inner = parser.add_subparsers(metavar="ACTION")
    rotate = inner.add_parser(
        "rotate",
        help="启用新密钥 · sign with a new key from now on",
        description="生成新的签名密钥，今后的结果用它签名。正在运行的进程立即使用新密钥；旧密钥保留，已公布的结果仍可验证。完成后请备份密钥目录。"
        " · Makes a new key and signs results with it from now on. Running processes use it at once; earlier keys stay, and what "
        "they have signed can be verified for good. Back the key store up afterwards.",
    )
    add_data_option(rotate, inner=True)
    rotate.set_defaults(run=run_rotate)
    accept = inner.add_parser(
        "accept",
        help="登记本机的密钥 · let the database know the keys of this host instead",
        description="Records the keys of this host as those of the installation, in place of what the database knows, and forgets "
        "those that are missing here. What was sealed with other keys cannot be opened any more. Other hosts need a copy of this store.",
    )
    add_data_option(accept, inner=True)
    accept.add_argument("name", nargs="*", metavar="KEY", help="such as campaign/12; default: all that differ")
    accept.set_defaults(run=run_accept)


def run_list(arguments: argparse.Namespace) -> int:
    keys = open_keys(find_settings(arguments.data).keys_dir, create=False)
    for number, key in enumerate(keys.public_keys().keys):
        print_lines(_line(key) + ("  当前 current" if number == 0 else ""))
    return 0


def run_rotate(arguments: argparse.Namespace) -> int:
    directory = find_settings(arguments.data).keys_dir
    keys = open_keys(directory, create=False)
    former = keys.public_keys().keys[0]
    key = keys.rotate_signing_key(datetime.now(UTC).replace(microsecond=0))
    print_lines(
        "新的签名密钥已启用，今后的结果用它签名：",
        "Results are signed with this key from now on:",
        f"  {_line(key)}",
        f"旧密钥 {former.key_id} 保留，已公布的结果仍可验证。请备份密钥目录：",
        f"The former key {former.key_id} is kept, so that what it has signed can be verified. Back up the key store:",
        f"  {directory}",
    )
    return 0


def run_accept(arguments: argparse.Namespace) -> int:
    settings = find_settings(arguments.data)
    keys = open_keys(settings.keys_dir, create=False)
    accepted = asyncio.run(_accept(settings, keys, arguments.name))
    for name, difference in accepted.items():
        print_lines(f"已登记 accepted: {explain(name, difference)}")
    if not accepted:
        print_lines("没有变化 nothing to do")
    return 0


async def _accept(settings: Settings, keys: Keys, names: list[str]) -> dict[str, Difference]:
    pool = await open_pool(settings.database_url, size=1, statement_cache=settings.database_statement_cache)
    try:
        return await with_retries(lambda: accept_keys(pool, keys, names))
    finally:
        await pool.close()


def _line(key: PublicKey) -> str:
    return f"{key.key_id}  {key.public_key}  {_time(key.valid_from)} – {_time(key.valid_until)}"


def _time(at: datetime | None) -> str:
    return "…" if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
