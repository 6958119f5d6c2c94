"""`feed keys`: lists and rotates the signing keys of results."""

import argparse
from datetime import UTC, datetime

from feed.commands.installation import add_data_option, find_settings
from feed.keys.signatures import PublicKey
from feed.keys.store import open_keys
from feed.terminal import print_lines


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "keys",
        help="签名密钥 · the keys that results are signed with",
        description="Lists the public keys, the current one first, as /.well-known/feed-keys.json serves them.",
    )
    add_data_option(parser)
    parser.set_defaults(run=run_list)
    inner = parser.add_subparsers(metavar="rotate")
    rotate = inner.add_parser(
        "rotate",
        help="启用新密钥 · sign with a new key from now on",
        description="Makes a new signing key. Running processes use it at once; earlier keys stay, and what they have "
        "signed can be verified for good. Back the key store up afterwards.",
    )
    add_data_option(rotate, inner=True)
    rotate.set_defaults(run=run_rotate)


def run_list(arguments: argparse.Namespace) -> int:
    keys = open_keys(find_settings(arguments.data).keys_dir, create=False)
    for number, key in enumerate(keys.public_keys().keys):
        print_lines(_line(key) + ("  当前 current" if number == 0 else ""))
    return 0


def run_rotate(arguments: argparse.Namespace) -> int:
    directory = find_settings(arguments.data).keys_dir
    key = open_keys(directory, create=False).rotate_signing_key(datetime.now(UTC).replace(microsecond=0))
    print_lines(f"新签名密钥已启用，请备份 {directory} · signing with a new key; back that directory up:")
    print_lines(_line(key))
    return 0


def _line(key: PublicKey) -> str:
    return f"{key.key_id}  {key.public_key}  {_time(key.valid_from)} – {_time(key.valid_until)}"


def _time(at: datetime | None) -> str:
    return "…" if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
