"""A naive model of a settlement, over lists and without any code of the product, to compare results with."""

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Any

Excluded = dict[tuple[str, str], int]


def settle(campaign: dict[str, Any]) -> tuple[list[int], list[int], dict[int, Decimal], dict[int, Excluded]]:
    """Winners and reserves as indexes of entries, scores by entry, and the numbers of excluded engagement by entry, kind and reason."""
    with localcontext(Context(prec=34, rounding=ROUND_HALF_EVEN)):
        rules, people, entries, step = (
            campaign["rules"],
            campaign["people"],
            campaign["entries"],
            Decimal("0.000001"),
        )

        def accounts_of(account: int) -> list[dict[str, Any]]:
            person = people[account]["person"]
            return [each for n, each in enumerate(people) if n == account or (person and each["person"] == person)]

        def exclusion_reason(account: int) -> str | None:
            if people[account]["person"] is None:
                return "not_verified"
            reasons = [
                flag for flag in ("staff", "juror", "banned") if any(each[flag] for each in accounts_of(account))
            ]
            return reasons[0] if reasons else "too_new" if people[account]["age_days"] < rules["min_age_days"] else None

        def counted(entry: dict[str, Any], kind: str) -> tuple[int, Excluded]:
            persons, excluded = set(), Excluded()
            acts = [act for act in entry["acts"] if act["kind"] == kind and act["at"] < 0]
            for account in {act["account"] for act in acts if act["undone"] is None or act["undone"] >= 0}:
                own = any(each is people[entry["author"]] for each in accounts_of(account))
                voided = kind in entry["voids"] or any(kind in each["voids"] for each in accounts_of(account))
                repeated = "same_person" if people[account]["person"] in persons else None
                if reason := "own" if own else exclusion_reason(account) or ("voided" if voided else repeated):
                    excluded[kind, reason] = excluded.get((kind, reason), 0) + 1
                else:
                    persons.add(people[account]["person"])
            return len(persons), excluded

        rows, scores, excluded_by_entry = [], {}, {}
        best: dict[str, int] = {}
        for n, entry in enumerate(entries):
            (likes, excluded_likes), (comments, excluded_comments) = counted(entry, "like"), counted(entry, "comment")
            quality = (sum(map(Decimal, entry["marks"]), Decimal(0)) / max(1, len(entry["marks"]))).quantize(step)
            shares = [
                Decimal(1 + min(n, cap)).ln() / Decimal(1 + cap).ln()
                for n, cap in zip((likes, comments), rules["caps"], strict=False)
            ]
            parts = [
                100 * weight * part for weight, part in zip(rules["weights"], [quality / 100, *shares], strict=False)
            ]
            scores[n] = sum(parts, Decimal(0)).quantize(step)
            excluded_by_entry[n] = excluded_likes | excluded_comments
            ties = {"quality": -quality, "likes": -likes, "comments": -comments, "earliest": entry["at"]}
            if not entry["gone"] and exclusion_reason(entry["author"]) is None:
                rows.append((-scores[n], *(ties[name] for name in rules["ties"]), entry["at"], n))
        for *_, n in sorted(rows):
            best.setdefault(people[entries[n]["author"]]["person"], n)
        places, last = list(best.values()), rules["winners"]
        return places[:last], places[last : last + rules["reserves"]], scores, excluded_by_entry
