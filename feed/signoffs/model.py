"""The stages that sign a text of the newsroom, and the credits that are printed under it. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args

import msgspec

from feed.accounts.model import AccountId, Role
from feed.errors import Conflict, Forbidden

Kind = Literal["campaign", "post"]
# In the order of signing; a stage is numbered from 1.
CreditRole = Literal["编辑", "审读", "二审", "三审"]
CREDIT_ROLES: tuple[CreditRole, ...] = get_args(CreditRole)
STAGES = len(CREDIT_ROLES)
# The rights that allow a stage: proofreading needs no more than a reviewer's.
ROLES_OF_STAGES: tuple[tuple[Role, ...], ...] = (
    ("editor", "admin"),
    ("reviewer", "editor", "admin"),
    ("editor", "admin"),
    ("editor", "admin"),
)


class SignoffStale(Conflict):
    """The text has changed since it was read."""


class SignoffNotNext(Conflict):
    """Another stage is next, or the chain is complete."""


class SignoffBarred(Forbidden):
    """The person has written the text or has signed another stage of it, with this account or another one."""


class NothingSigned(Conflict):
    """No stage of this text is signed."""


class Credit(msgspec.Struct, frozen=True):
    """A stage and the name of the person who signed it, as printed under the text."""

    role: CreditRole
    name: str


class Signoff(msgspec.Struct, frozen=True):
    """A signature in force."""

    id: int
    stage: int
    account_id: AccountId
    name: str
    signed_at: datetime


def next_stage(signoffs: Sequence[Signoff]) -> int | None:
    """The stage that is signed next; None when all are signed."""
    signed = {each.stage for each in signoffs}
    return next((stage for stage in range(1, STAGES + 1) if stage not in signed), None)


def credits_of(signoffs: Sequence[Signoff]) -> tuple[Credit, ...]:
    """The credits of a complete chain, in the order of the stages; empty while a stage is missing."""
    if next_stage(signoffs) is not None:
        return ()
    return tuple(
        Credit(CREDIT_ROLES[each.stage - 1], each.name) for each in sorted(signoffs, key=lambda each: each.stage)
    )


def credit_line(credits: Sequence[Credit]) -> str:
    """The line that is printed under the text: `编辑 张三　审读 李四`."""
    return "　".join(f"{each.role} {each.name}" for each in credits)
