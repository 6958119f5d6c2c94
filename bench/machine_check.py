"""The machine check of a text with a list of 30,000 words, in this process."""

import random
import timeit

from bench.report import Verdict
from feed.screening.screener import Screener, compiled
from feed.screening.trial import harmless_texts
from feed.screening.word_list import Word

_WORDS = 30_000
# Characters of a text, and the goal in microseconds.
GOALS = ((200, 30.0), (2_000, 150.0))
# Many short rounds: other processes interrupt a long one.
_CALLS = 20
_ROUNDS = 200


def measure_machine_check() -> list[Verdict]:
    """Microseconds for texts of ordinary sentences, which pass."""
    screener = Screener(compiled(_words(), 1))
    text = "".join(harmless_texts())
    verdicts = []
    for length, goal in GOALS:
        part = text[:length]
        assert screener.check(part, "post").verdict == "pass"
        seconds = min(timeit.repeat(lambda: screener.check(part, "post"), number=_CALLS, repeat=_ROUNDS)) / _CALLS  # noqa: B023
        verdicts.append(
            Verdict(
                name=f"machine check of {length:,} characters",
                what=f"best of {_ROUNDS} rounds, {_WORDS:,} words",
                measured=seconds * 1e6,
                unit="µs",
                wanted=goal,
            )
        )
    return verdicts


def _words() -> list[Word]:
    """Invented words of two to five rare characters."""
    chance = random.Random(1)
    terms: set[str] = set()
    while len(terms) < _WORDS:
        terms.add("".join(chr(chance.randrange(0x7800, 0x9FA5)) for _ in range(chance.randrange(2, 6))))
    return [Word(term, term, "block", "illegal") for term in sorted(terms)]
