"""`feed outbox`: prints the SMS of a development installation, and those that are held."""

import argparse
import asyncio
import sys
from datetime import datetime

import asyncpg
import msgspec

from feed.commands.installation import add_data_option, find_settings
from feed.keys.store import open_keys
from feed.phones import mask_phone, normalise_phone
from feed.postgres import UNAVAILABLE
from feed.screens.staff.sms import HeldMessage, list_held
from feed.settings import Settings
from feed.sms.file_provider import read_outbox
from feed.sms.model import HeldBy, Recipient
from feed.sms.templates import render_text
from feed.terminal import print_lines


class HeldLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message that is due and waits, in the form of the outbox. Without number and text where messages are really sent."""

    id: str
    held_by: HeldBy
    held_until: datetime
    phone: str
    purpose: str
    text: str = ""
    params: dict[str, str] = {}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "outbox",
        help="查看开发环境的短信 · the SMS of development",
        description="Prints what phones would have got as JSON lines, oldest first, then with `held_until` what quiet hours "
        "or a quota hold.",
    )
    add_data_option(parser)
    parser.add_argument("--phone", metavar="P", help="only what this phone got")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    phone = normalise_phone(arguments.phone) if arguments.phone else None
    settings = find_settings(arguments.data)
    for sent in read_outbox(settings.sms_outbox):
        if phone is None or sent.phone == phone:
            print_lines(msgspec.json.encode(sent).decode())
    for message, recipient in asyncio.run(_read_held(settings)):
        if phone is None or recipient.phone == phone:
            held = _held_line(message, recipient, open_=settings.embedded)
            print_lines(msgspec.json.encode(held).decode())
    return 0


async def _read_held(settings: Settings) -> list[tuple[HeldMessage, Recipient]]:
    keys = open_keys(settings.keys_dir, create=False)
    try:
        conn = await asyncpg.connect(settings.direct_url, timeout=5, command_timeout=20)
    except (*UNAVAILABLE, asyncpg.PostgresError) as error:
        print_lines(f"无法读取待发短信 · held messages cannot be read: {type(error).__name__}", to=sys.stderr)
        return []
    try:
        return await list_held(conn, keys)
    finally:
        await conn.close()


def _held_line(message: HeldMessage, recipient: Recipient, *, open_: bool) -> HeldLine:
    if not open_:
        return HeldLine(message.id, message.held_by, message.held_until, mask_phone(recipient.phone), message.purpose)
    text = render_text(message.purpose, recipient.params)
    return HeldLine(
        message.id, message.held_by, message.held_until, recipient.phone, message.purpose, text, recipient.params
    )
