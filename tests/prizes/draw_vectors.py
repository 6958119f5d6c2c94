"""Generates the vectors of docs/reference/draw-spec.md: `python -m tests.prizes.draw_vectors > docs/reference/draw-vectors.json`."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import feed
from feed.campaigns.model import parse_time, time_text
from feed.prizes.draw import algorithm
from feed.prizes.draw.drand import QUICKNET, first_round, time_of

PATH = Path(feed.__file__).parent.parent / "docs/reference/draw-vectors.json"
NUMBER = {"source": "public_number", "round": "2026137", "value": "03 07 12 18 25 33 09"}
# A real round of quicknet.
DRAND = {
    "source": "drand",
    "round": "1000",
    "value": "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd",
}
# Tickets of persons that are in no other vector, sorted.
REMOVED = ["00" * 15 + "01", "ff" * 15 + "fe"]
SIGNATURE = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
OWN = {"source": "own", "round": "", "value": "5f" * 32}


def _bytes(label: str, length: int) -> str:
    return hashlib.sha256(label.encode()).digest()[:length].hex()


def _case(
    name: str,
    campaign_id: int,
    persons: list[str],
    places: tuple[int, int],
    beacon: dict[str, str],
    *,
    removed: Sequence[str] = (),
    added: Sequence[str] = (),
) -> Any:
    nonce = bytes.fromhex(_bytes(f"nonce {name}", 32))
    tickets = algorithm.tickets_of([*(each for each in persons if each not in added), *removed])
    listed = algorithm.list_hash(campaign_id, tickets)
    seed = algorithm.seed_of(listed, nonce, source=beacon["source"], round_=beacon["round"], value=beacon["value"])
    order = [
        ticket.hex()
        for ticket in algorithm.order_tickets(seed, algorithm.tickets_of(persons), added=algorithm.tickets_of(added))
    ]
    winners, reserves = places
    changes = {name: list(given) for name, given in (("removed", removed), ("added", added)) if given}
    return {
        "name": name,
        "campaign_id": str(campaign_id),
        "persons": persons,
        "winner_count": winners,
        "reserve_count": reserves,
        "nonce": nonce.hex(),
        "beacon": beacon,
        **changes,
        "expected": {
            "tickets": len(tickets),
            "list_sha256": listed.hex(),
            "nonce_sha256": algorithm.nonce_hash(nonce).hex(),
            "seed": seed.hex(),
            "order": order,
            "winners": order[:winners],
            "reserves": order[winners : winners + reserves],
        },
    }


def vectors() -> dict[str, Any]:
    """The content of the file."""

    def people(count: int) -> list[str]:
        return [_bytes(f"person {number}", algorithm.TICKET_BYTES) for number in range(count)]

    cases = [
        _case("nobody takes part", 1, [], (3, 2), NUMBER),
        _case("one person", 1, people(1), (1, 0), NUMBER),
        _case("fewer tickets than places", 7, people(4), (3, 3), NUMBER),
        _case("a person named three times has one ticket", 7, [*people(4), *people(2), *people(1)], (3, 3), NUMBER),
        _case("another campaign", 8, people(4), (3, 3), NUMBER),
        _case("another issue of the number", 7, people(4), (3, 3), NUMBER | {"round": "2026138"}),
        _case("drand", 7, people(12), (3, 2), DRAND),
        _case("a value of our own", 7, people(12), (3, 2), OWN),
        _case("lengths keep the parts apart", 7, people(12), (3, 2), NUMBER | {"round": "20261370", "value": "3 07"}),
        _case("no reserves", 2**63 - 1, people(5), (5, 0), NUMBER),
        _case("two hundred people", 1865263907721216001, people(200), (10, 20), DRAND),
        _case(
            "judged again: two are void, three come behind",
            7,
            people(12),
            (3, 2),
            NUMBER,
            removed=REMOVED,
            added=people(3),
        ),
        _case("the lowest and the highest ticket", 9, ["ff" * 16, "00" * 16], (1, 1), NUMBER),
    ]
    return {"format": "feed-draw-vectors-1", "algorithm": algorithm.ALGORITHM, "vectors": cases, "drand": drand()}


def drand() -> dict[str, Any]:
    """The chain quicknet: the first round after several times, and signature and value of a real round."""
    moments = [
        "2023-08-01T00:00:00.000000Z",
        "2023-08-23T15:09:27.000000Z",
        "2023-08-23T15:09:27.000001Z",
        "2023-08-23T15:09:30.000000Z",
        "2023-08-23T15:59:21.000001Z",
        "2023-08-23T15:59:24.000000Z",
        "2026-09-20T13:15:00.500000Z",
    ]
    rounds = [(moment, first_round(QUICKNET, parse_time(moment))) for moment in moments]
    return {
        "chain": QUICKNET.sha256,
        "public_key": QUICKNET.public_key.hex(),
        "genesis_unix_seconds": int(QUICKNET.genesis_at.timestamp()),
        "period_seconds": int(QUICKNET.period.total_seconds()),
        "rounds": [
            {
                "not_before": moment,
                "expected": {"round": str(round_), "appeared_at": time_text(time_of(QUICKNET, round_))},
            }
            for moment, round_ in rounds
        ],
        "signatures": [{"round": DRAND["round"], "signature": SIGNATURE, "expected": {"value": DRAND["value"]}}],
    }


def text() -> str:
    """The text of the file."""
    return json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(text(), end="")
