"""The dry run of new words: on harmless texts of the city, and on what was published last, within a time limit."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files

from feed.screening.forms import form_of
from feed.screening.word_list import Word, WordList
from feed.screening.words_model import NewWord, Trial

SECONDS = 2.0


@cache
def harmless_texts() -> tuple[str, ...]:
    """Sentences as they stand in local news and under them. Each listed word that stops several is too common."""
    lines = files("feed.screening").joinpath("harmless_texts.txt").read_text("utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def try_words(
    words: Sequence[NewWord],
    recent: Sequence[str],
    *,
    clock: Callable[[], float],
    seconds: float = SECONDS,
) -> Trial:
    """Tries the words on harmless and on recent texts, for at most so many seconds. Blocking work: for a thread."""
    end = clock() + seconds
    tried = [word for word in words if word.level != "allow"]
    # The form stands for the term, so that each hit names its word.
    compiled = WordList(Word(word.form, word.form, "review", "other") for word in tried)
    examples: dict[str, str] = {}
    counts: dict[str, Counter[str]] = {"harmless": Counter(), "recent": Counter()}
    read = Counter[str]()
    for kind, texts in (("harmless", harmless_texts()), ("recent", recent)):
        for text in texts:
            if clock() > end:
                break
            read[kind] += 1
            if not compiled.may_contain(form_of(text)):
                continue
            for form in {label.term for label in compiled.find(text)}:
                counts[kind][form] += 1
                examples.setdefault(form, text)
    return Trial(
        read["harmless"],
        read["recent"],
        read.total() == len(harmless_texts()) + len(recent),
        dict(counts["harmless"]),
        dict(counts["recent"]),
        examples,
    )
