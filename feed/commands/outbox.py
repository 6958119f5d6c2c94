"""`feed outbox`: prints the SMS of a development installation."""

import argparse

import msgspec

from feed.commands.installation import add_data_option, find_settings
from feed.phones import normalise_phone
from feed.sms.file_provider import read_outbox
from feed.terminal import print_lines


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "outbox",
        help="查看开发环境的短信 · the SMS of development",
        description="Prints what phones would have got as JSON lines, oldest first.",
    )
    add_data_option(parser)
    parser.add_argument("--phone", metavar="P", help="only what this phone got")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    phone = normalise_phone(arguments.phone) if arguments.phone else None
    for line in read_outbox(find_settings(arguments.data).sms_outbox):
        if phone is None or line.phone == phone:
            print_lines(msgspec.json.encode(line).decode())
    return 0
