"""What a settlement should find, told as plainly as possible: of worlds that are lists, and in no way that the product goes."""

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Any

Excluded = dict[tuple[str, str], int]


def settle(worker_state: dict[str, Any]) -> tuple[list[int], list[int], dict[int, Decimal], dict[int, Excluded]]:
    """Winners, reserves, scores by entry, and by entry how many of which engagement were excluded and why."""
    with localcontext(Context(prec=34, rounding=ROUND_HALF_EVEN)):
        rules, people, entries, step = (
            worker_state["rules"],
            worker_state["people"],
            worker_state["entries"],
            Decimal("0.000001"),
        )

        def accounts_of(who: int) -> list[dict[str, Any]]:
            person = people[who]["person"]
            return [each for n, each in enumerate(people) if n == who or (person and each["person"] == person)]

        def why_not(who: int) -> str | None:
            if people[who]["person"] is None:
                return "not_verified"
            words = [word for word in ("staff", "juror", "banned") if any(each[word] for each in accounts_of(who))]
            return words[0] if words else "too_new" if people[who]["age_days"] < rules["min_age_days"] else None

        def counted(entry: dict[str, Any], kind: str) -> tuple[int, Excluded]:
            persons, excluded = set(), Excluded()
            acts = [act for act in entry["acts"] if act["kind"] == kind and act["at"] < 0]
            for who in {act["who"] for act in acts if act["undone"] is None or act["undone"] >= 0}:
                own = any(each is people[entry["author"]] for each in accounts_of(who))
                voided = kind in entry["voids"] or any(kind in each["voids"] for each in accounts_of(who))
                again = "same_person" if people[who]["person"] in persons else None
                if reason := "own" if own else why_not(who) or ("voided" if voided else again):
                    excluded[kind, reason] = excluded.get((kind, reason), 0) + 1
                else:
                    persons.add(people[who]["person"])
            return len(persons), excluded

        rows, scores, told = [], {}, {}
        best: dict[str, int] = {}
        for n, entry in enumerate(entries):
            (likes, unliked), (comments, unsaid) = counted(entry, "like"), counted(entry, "comment")
            quality = (sum(map(Decimal, entry["marks"]), Decimal(0)) / max(1, len(entry["marks"]))).quantize(step)
            shares = [
                Decimal(1 + min(n, cap)).ln() / Decimal(1 + cap).ln()
                for n, cap in zip((likes, comments), rules["caps"], strict=False)
            ]
            parts = [
                100 * weight * part for weight, part in zip(rules["weights"], [quality / 100, *shares], strict=False)
            ]
            scores[n], told[n] = sum(parts, Decimal(0)).quantize(step), unliked | unsaid
            ties = {"quality": -quality, "likes": -likes, "comments": -comments, "earliest": entry["at"]}
            if not entry["gone"] and why_not(entry["author"]) is None:
                rows.append((-scores[n], *(ties[name] for name in rules["ties"]), entry["at"], n))
        for *_, n in sorted(rows):
            best.setdefault(people[entries[n]["author"]]["person"], n)
        places, last = list(best.values()), rules["winners"]
        return places[:last], places[last : last + rules["reserves"]], scores, told
