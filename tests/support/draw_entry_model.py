"""A naive model of who has a ticket in a draw by comment or like, over lists and without any code of the product."""

from typing import Any

# The row of a person: why it has no ticket, or None; the number of its act; whether that waits for review.
Row = tuple[str | None, int, bool]


def rows_of(draw: dict[str, Any]) -> dict[str, Row]:
    """The row of each person, by the person's letter, and by `#` and the number of an account without a phone.

    Times are minutes from the end; the draw opens at -50.
    """
    people, kind = draw["people"], draw["entry_by"]

    def accounts_of(account: int) -> list[dict[str, Any]]:
        person = people[account]["person"]
        return [each for n, each in enumerate(people) if n == account or (person and each["person"] == person)]

    def reason_of(account: int) -> str | None:
        if account == 0 or any(each is people[0] for each in accounts_of(account)):
            return "own"
        if people[account]["person"] is None:
            return "not_verified"
        for flag in ("staff", "juror", "banned"):
            if any(each[flag] for each in accounts_of(account)):
                return flag
        if people[account]["age_days"] < draw["min_age_days"]:
            return "too_new"
        return "voided" if any(kind in each["voids"] for each in accounts_of(account)) else None

    found: dict[str, list[tuple[bool, bool, int, int, str | None]]] = {}
    for number, act in enumerate(draw["acts"]):
        undone = act["undone"]
        if act["at"] >= 0 or (undone is not None and undone < 0) or (kind == "comment" and act["at"] < -50):
            continue
        account = people[act["account"]]
        reason = "withdrawn" if account["erased"] else reason_of(act["account"])
        waits = False
        if kind == "comment":
            waits = act["state"] == "pending"
            if undone is not None:
                reason, waits = "withdrawn", False
            elif act["state"] in ("removed", "rejected") and not account["erased"]:
                reason = act["state"]
        key = account["person"] or f"#{act['account']}"
        found.setdefault(key, []).append((reason is not None, waits, max(act["at"], -50), number, reason))
    rows = {}
    for key, acts in found.items():
        _, waits, _, number, reason = min(acts, key=lambda act: act[:4])
        rows[key] = (reason, number, waits)
    return rows
