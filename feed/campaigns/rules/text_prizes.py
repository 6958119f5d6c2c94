"""The section of the rules text about prizes: which place gets which, and how free places are filled."""

from collections.abc import Collection, Iterable

from feed.campaigns.model import Prize, Rules, decimal_text
from feed.campaigns.prize_kinds import KINDS
from feed.campaigns.prize_places import Tier, tiers_of
from feed.campaigns.text_parts import BLANK, Section, local_time, section, winner_word

_NUMERALS = "一二三四五六七八九十"


def prizes_section(rules: Rules, missing: Collection[str]) -> Section:
    """The prizes of each place. Fields in `missing` have placeholders, which are not printed."""
    count = BLANK if "winner_count" in missing else rules.winner_count
    tiers = tiers_of(rules)
    offered: tuple[str, ...]
    if not rules.prizes:
        offered = (f"共{count}名，每人获得{BLANK}。",)
    elif "winner_count" in missing or len(tiers) == 1:
        offered = (f"共{count}名，每人获得：", *_list(map(_prize, rules.prizes)))
    else:
        given = (
            f"{tier_name(number, tiers)}，{'' if tier.size == 1 else '每人'}获得{_each(tier.prizes)}"
            for number, tier in enumerate(tiers)
        )
        offered = (f"共{count}名：", *_list(given))
    # A draw says so beside the odds.
    return section("奖品", offered, None if rules.method == "draw" else "符合条件的人数不足时，名额空缺。")


def tier_name(number: int, tiers: list[Tier]) -> str:
    """The name of the n-th tier, from 0, with its size: 一等奖1名（第1名）. Beyond ten tiers only the places."""
    tier = tiers[number]
    places = f"第{tier.first}名" if tier.size == 1 else f"第{tier.first}名至第{tier.last}名"
    return places if len(tiers) > len(_NUMERALS) else f"{_NUMERALS[number]}等奖{tier.size}名（{places}）"


def refill_text(rules: Rules) -> str:
    """Which place a reserve takes; the end of a sentence about free places."""
    if len(tiers_of(rules)) == 1:
        return "由候补依次递补"
    winner = winner_word(is_draw=rules.method == "draw")
    return f"由候补依次递补，递补者取得该名额及其奖品，其他{winner}的名额和奖品不变"


def _list(texts: Iterable[str]) -> list[str]:
    *first, last = texts
    return [*(f"{text}；" for text in first), f"{last}。"]


def _each(prizes: Collection[Prize]) -> str:
    return "、".join(map(_prize, prizes)) or BLANK


def _prize(prize: Prize) -> str:
    value = BLANK if prize.value_cny is None else f"{decimal_text(prize.value_cny)}元"
    kind = KINDS.get(prize.kind)
    parts = [BLANK if kind is None else kind.label, f"单价约{value}"]
    if prize.valid_until:
        parts.append(f"有效期至{local_time(prize.valid_until, ends=True)}")
    if prize.terms:
        parts.append(f"使用规则：{prize.terms.strip().rstrip('。；')}")
    if kind is not None and kind.is_voucher and not (prize.terms and prize.valid_until):
        parts.append("未列明的使用范围和有效期，以兑换方页面公示为准")
    return f"{prize.name or BLANK}×{prize.per_winner}（{'，'.join(parts)}）"
