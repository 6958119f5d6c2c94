"""The dry run of new words."""

from itertools import count

from feed.screening.forms import form_of
from feed.screening.trial import harmless_texts, try_words
from feed.screening.word_list import Word, WordList
from feed.screening.words_model import WordIn, read_words
from tests.support.listed_words import LISTED


def test_a_realistic_list_stops_hardly_any_harmless_text() -> None:
    words = WordList([Word(term, form_of(term), "block", "illegal") for term in LISTED.split()])
    assert len(harmless_texts()) >= 300
    stopped = [text for text in harmless_texts() if words.find(text)]
    # What is stopped has the word itself in another sense, as 一次性 and 发票 have.
    assert len(stopped) <= len(harmless_texts()) * 0.03, stopped


def test_the_dry_run_ends_when_its_time_is_over() -> None:
    words, _ = read_words([WordIn("赌博", "block")])
    ticks = count()
    trial = try_words(list(words.values()), ["去赌博"] * 1000, clock=lambda: float(next(ticks)), seconds=10)
    assert (trial.is_complete, trial.harmless, trial.recent) == (False, 10, 0)


def test_the_dry_run_counts_texts_and_not_hits() -> None:
    words, _ = read_words([WordIn("赌博", "block"), WordIn("公园", "allow")])
    trial = try_words(list(words.values()), ["赌博赌博", "赌 博", "公园"], clock=lambda: 0.0)
    assert (trial.in_recent, trial.is_complete) == ({"赌博": 2}, True)
    assert trial.in_harmless == {}
