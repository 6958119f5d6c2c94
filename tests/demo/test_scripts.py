"""The demo's texts in both languages: the same moments, the same topics, and no Chinese in the English ones."""

import re

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import Console

from feed.demo.output import Output
from feed.demo.participants import all_participants
from feed.demo.pictures.scenes import SCENES
from feed.demo.script import Script
from feed.demo.texts import EDITED, FILMED, MOMENTS, OFF_TOPIC
from feed.demo.texts_en import ENGLISH
from feed.demo.texts_zh import CHINESE
from feed.screening.fingerprints import SIMILAR_LEAST
from feed.screening.forms import form_of
from feed.topics.parse import find_topics

_HAN = re.compile("[\u3400-\u9fff\uff01-\uff5e\u3000-\u303f]")
SCRIPTS = [CHINESE, ENGLISH]


@pytest.mark.parametrize("script", SCRIPTS, ids=["zh", "en"])
def test_each_moment_has_a_text_with_the_topic_but_the_one_that_is_edited(script: Script) -> None:
    assert set(script.moments) == {moment.key for moment in MOMENTS}
    for key, text in script.moments.items():
        named = [each.name for each in find_topics(script.text(text))]
        assert named == ([] if key == EDITED else [script.topic]), key
    for author in OFF_TOPIC:
        assert script.topic not in [each.name for each in find_topics(script.off_topic[author])]
    assert [each.name for each in find_topics(script.text(script.late_post))] == [script.topic]
    assert len(script.remarks) == len(set(script.remarks)) >= max(moment.commenters for moment in MOMENTS)


def test_the_english_script_is_english() -> None:
    document = msgspec.to_builtins(ENGLISH)
    document["names"] = list(document["names"].values())
    document["off_topic"] = list(document["off_topic"].values())
    document["second_moments"] = list(document["second_moments"].values())
    # One post has its marks in full width, as some keyboards type them.
    text = str(document).replace("＃", "#")
    assert _HAN.findall(text) == []
    assert [role.name for role in all_participants(ENGLISH) if _HAN.search(role.name)] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=["zh", "en"])
def test_participants_are_the_same_in_both_languages(script: Script) -> None:
    told = [(role.key, role.phone, role.roles) for role in all_participants(script)]
    assert told == [(role.key, role.phone, role.roles) for role in all_participants(CHINESE)]
    assert len(dict.fromkeys(role.name for role in all_participants(script))) > len(told) * 0.8


@pytest.mark.parametrize("script", SCRIPTS, ids=["zh", "en"])
def test_each_picture_is_described(script: Script) -> None:
    assert set(script.alts) == {*SCENES, FILMED}


@pytest.mark.parametrize("script", SCRIPTS, ids=["zh", "en"])
def test_no_remark_is_held_as_spam_because_many_readers_make_it(script: Script) -> None:
    assert [each for each in (*script.remarks, script.praise) if len(form_of(each)) >= SIMILAR_LEAST] == []


@pytest.mark.parametrize("width", [40, 80, 200])
def test_sentences_fit_any_width(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    output = Output("zh", Console(width=width, force_terminal=False, no_color=True))
    for text in (*CHINESE.moments.values(), *ENGLISH.moments.values()):
        output.say(text.replace("[", ""), text)
    assert max(map(cell_len, capsys.readouterr().out.splitlines())) <= width
