"""Editors read what a field is called beside its key."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import inspect

from feed.api.field_messages import FIELD_MESSAGES
from feed.api.field_words import FIELD_WORDS, has_words, named_field
from feed.api.messages import field_message, known_codes
from feed.errors import FieldError
from feed.screens.notices.render import TEMPLATES
from tests.support.api import Join
from tests.support.text_fields import body_types

# A key in a Chinese message, with the words before it.
KEY = re.compile(r"(?<![\w{])[a-z]+(?:_[a-z]+)+(?![\w}])")


def paths(kind: inspect.Type, at: str = "") -> Iterator[str]:
    """The paths of all fields within a type, with `[]` for a place in a list."""
    if at:
        yield at
    match kind:
        case inspect.Metadata():
            yield from paths(kind.type, at)
        case inspect.UnionType():
            for each in kind.types:
                yield from paths(each, at)
        case inspect.StructType():
            for field in kind.fields:
                yield from paths(field.type, f"{at}.{field.encode_name}" if at else field.encode_name)
        case inspect.ListType() | inspect.VarTupleType():
            yield from paths(kind.item_type, f"{at}[]")
        case inspect.DictType():
            yield from paths(kind.value_type, f"{at}.*")


def of_campaigns() -> set[str]:
    (fields,) = [body.kind for body in body_types() if (body.method, body.path) == ("post", "/v1/admin/campaigns")]
    return set(paths(inspect.type_info(fields)))


def of_staff() -> set[str]:
    bodies = [body for body in body_types() if body.path.startswith(("/v1/admin/", "/v1/moderation/"))]
    assert len(bodies) > 25
    return {path for body in bodies for path in paths(inspect.type_info(body.kind))}


def test_every_field_of_staff_has_words_in_both_languages() -> None:
    wanted = of_staff()
    assert len(wanted) > 90
    assert sorted(path for path in wanted if path not in FIELD_WORDS) == []
    assert sorted(FIELD_WORDS.keys() - wanted) == []
    assert [path for path, (zh, en) in FIELD_WORDS.items() if not zh or not en.isascii() or zh.isascii()] == []


def test_two_fields_of_a_campaign_are_not_called_the_same() -> None:
    for place in (0, 1):
        called = [FIELD_WORDS[path][place] for path in of_campaigns() - {"prizes[].places[]"}]
        assert len(called) == len(set(called))


@pytest.mark.parametrize(
    ("path", "chinese", "english"),
    [
        ("reserve_count", "候补人数（reserve_count）", "Number of reserves (reserve_count)"),
        ("prizes[1].per_winner", "第2项奖品的每人份数（prizes[1].per_winner）", "Quantity of prize 2 per winner (prizes[1].per_winner)"),
        ("scores.文采", "评分项分数（scores.文采）", "Score of a criterion (scores.文采)"),
        ("unheard_of", "unheard_of", "unheard_of"),
    ],
)  # fmt: skip
def test_a_field_is_named_in_words_beside_its_key(path: str, chinese: str, english: str) -> None:
    assert (named_field(path, "zh-CN"), named_field(path, "en")) == (chinese, english)
    assert has_words(path) is (chinese != path)


def test_a_message_names_the_other_field_too() -> None:
    error = FieldError("ends_at", "not_after", {"other": "starts_at"})
    assert field_message(error, "zh-CN", is_named=True) == "截止时间（ends_at）：应晚于开始时间（starts_at）"
    assert field_message(error, "en", is_named=True) == "End (ends_at): must be later than start (starts_at)."
    assert field_message(error, "zh-CN", is_named=False) == "应晚于开始时间（starts_at）"


def test_a_key_within_a_chinese_text_has_its_words_before_it() -> None:
    texts = [zh for zh, _ in FIELD_MESSAGES.values()]
    texts += [text for each in TEMPLATES.values() for text in (each.zh.title, each.zh.body)]
    bare = [text for text in texts for key in KEY.finditer(text) if text[key.start() - 1 : key.start()] != "（"]
    assert bare == []


async def test_editors_read_the_words_and_users_do_not(join: Join) -> None:
    editor, reader = join("编辑", roles=("editor",)), join("小明")
    draft = (await editor("POST", "/admin/campaigns", {"title": "读书月"})).json()["id"]
    refused = (await editor("POST", f"/admin/campaigns/{draft}/publish")).json()
    said = {each["field"]: each["message"] for each in refused["errors"]}
    assert said["ends_at"].startswith("截止时间（ends_at）：")
    preview = (await editor("GET", f"/admin/campaigns/{draft}/preview", headers={"accept-language": "en"})).json()
    english = {each["field"]: each["message"] for each in preview["problems"]}
    assert english["ends_at"].startswith("End (ends_at): ")
    wrong: dict[str, Any] = {"text": ""}
    assert (await reader("POST", "/posts", wrong)).json()["errors"][0]["message"] == "不能为空"


def test_messages_are_edited() -> None:
    """One word for one thing, one form of address; the English names no unknown person."""
    from feed.api import messages

    for code in known_codes():
        zh, en = messages.raw_message(code, "zh-CN"), messages.raw_message(code, "en")
        assert not re.search("您|帖|评分(?!项)|分数项", zh), (code, zh)
        assert not re.search(r"[,;!?]", zh), (code, zh)
        assert not re.search(r"\b([Nn]obody|[Ss]omebody|[Ww]hoever|oneself|himself)\b|refus", en), (code, en)
        assert en.endswith("."), (code, en)
        assert not zh.endswith("。"), (code, zh)
