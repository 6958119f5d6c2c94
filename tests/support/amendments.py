"""Rules and every single change of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin

import msgspec

from feed.campaigns import model
from feed.campaigns.model import Caps, Criterion, Delivery, Eligibility, Prize, Rules, Weights
from feed.campaigns.prize_kinds import KINDS
from feed.signoffs.model import CREDIT_ROLES, Credit

AT = datetime(2026, 9, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HALF = Decimal("0.5")
CHOICES = {
    "method": model.METHODS,
    "unclaimed": model.UNCLAIMED,
    "board": model.BOARDS,
    "review_chain": model.REVIEW_CHAINS,
    "tax_borne_by": model.TAX_BEARERS,
    "entry_by": model.ENTRY_WAYS,
    "prizes[].kind": tuple(KINDS),
    "credits[].role": CREDIT_ROLES,
}


# Every field has a value that can move both ways.
RULES = Rules(
    title="读书月",
    topic="读书",
    starts_at=AT,
    ends_at=AT + 20 * DAY,
    method="ranked",
    winner_count=3,
    body="来晒书",
    notes="注",
    cover_media_id="1",
    announcement_post_id="1",
    settle_at=AT + 23 * DAY,
    objection_days=3,
    reserve_count=3,
    shortlist_size=20,
    prizes=(
        Prize("盒子", "goods", 2, Decimal(50), "1", "勿压", AT + 90 * DAY, (2, 3)),
        Prize("月卡", "code", 2, Decimal(30), "2", "限本人", AT + 90 * DAY, (2, 3)),
    ),
    weights=Weights(HALF, HALF, Decimal(0)),
    caps=Caps(100, 100),
    tie_break=("quality", "likes"),
    claim_days=7,
    claim_ends_at=AT + 40 * DAY,
    unclaimed="next_reserve",
    organiser="读特",
    contact="0755",
    board="after_close",
    review_chain=1,
    eligibility=Eligibility(7, False),
    beacon="x",
    criteria=(Criterion("立意", HALF), Criterion("文采", HALF)),
    quorum=3,
    delivery=Delivery(30, "书城"),
    tax_borne_by="winner",
    entry_by="post",
    licence="display",
    licence_text="授权展示",
    shares_topic=False,
    claims_kept_days=90,
    claims_kept_at_most_days=180,
    credits=(Credit("编辑", "张三"), Credit("审读", "李四")),
)


def leaves(type_: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    """Every field down to the last, items of a list as `[]`."""
    for field in msgspec.structs.fields(type_):
        path = prefix + field.name
        bare = getattr(field.type, "__origin__", field.type) if get_origin(field.type) is Annotated else field.type
        item = next((each for each in get_args(bare) if is_struct(each)), None)
        if is_struct(field.type):
            yield from leaves(field.type, f"{path}.")
        else:
            yield path
            if item is not None:
                yield from leaves(item, f"{path}[].")


def is_struct(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, msgspec.Struct)


def get(owner: Any, path: str) -> Any:
    head, _, rest = path.partition(".")
    value = getattr(owner, head.removesuffix("[]"))
    value = value[0] if head.endswith("[]") else value
    return get(value, rest) if rest else value


def put(owner: Any, path: str, value: Any) -> Any:
    """A copy with the one leaf changed; of a list, in its first item."""
    head, _, rest = path.partition(".")
    name = head.removesuffix("[]")
    held = getattr(owner, name)
    if rest:
        value = (put(held[0], rest, value), *held[1:]) if head.endswith("[]") else put(held, rest, value)
    return msgspec.structs.replace(owner, **{name: value})


def moves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Another value in each direction, named."""
    match value:
        case tuple() if path == "prizes[].places":
            first, last = value
            yield "up", (first, last + 1)
            yield "wider", (first - 1, last + 1)
            yield "moved", (first + 1, last + 1)
            yield "down", (first, last - 1)
        case tuple():
            yield "turned", value[::-1]
            yield "cut", value[:-1]
            yield "emptied", ()
            yield "appended", (*value, Prize("书", "goods", 1, Decimal(1)) if path == "prizes" else value[0])
        case _ if path in CHOICES:
            yield from ((f"to `{other}`", other) for other in CHOICES[path] if other != value)
        case bool():
            yield "turned", not value
        case int() | Decimal():
            yield "up", value + 1
            yield "down", value - 1
        case datetime():
            yield "up", value + DAY
            yield "down", value - DAY
        case str():
            yield "other", value + "1"
