"""Templates of the pages: Jinja with escaping everywhere, in both languages, and fragments that are rendered once."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from feed.api.html import formats
from feed.api.html.assets import asset
from feed.bounded_cache import BoundedCache
from feed.reasons import reason_words

CHINESE = "zh-CN"
ENGLISH = "en"
_FRAGMENT_BYTES = 24_000_000
_FRAGMENT_SECONDS = 600.0

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_environment.globals |= {
    "asset": asset,
    "topic_path": formats.topic_path,
    "board_version": formats.board_version,
}
_environment.filters |= {
    "duration": formats.duration,
    "jpeg": formats.jpeg_address,
    "with_topics": formats.text_with_topics,
    "folded": formats.folded_text,
}


class NameTaken(Exception):
    """A template was given a value by a name that has another meaning in every template."""

    def __init__(self, template: str, names: Iterable[str]) -> None:
        super().__init__(f"{template}: {', '.join(sorted(names))}")


_fragments: BoundedCache[tuple[str, str, bytes], Markup] = BoundedCache(
    max_bytes=_FRAGMENT_BYTES, seconds=_FRAGMENT_SECONDS, size=lambda key, value: len(key[2]) + 2 * len(value)
)


def _chinese(chinese: str, _: str) -> str:
    return chinese


def _english(_: str, english: str) -> str:
    return english


def words(language: str) -> Callable[[str, str], str]:
    """What chooses between a text in Chinese and in English: `t("赞", "Like")`."""
    return _english if language == ENGLISH else _chinese


def reason_of(code: str, language: str) -> str:
    """The words of a reason."""
    found = reason_words(code)
    return found.en if language == ENGLISH else found.zh


def render(template: str, language: str, context: Mapping[str, Any]) -> str:
    """A page or fragment. In templates `t` chooses between two texts, `when` and `number` write times and numbers.

    Raises NameTaken for a value with the name of something that all templates have: one of the two would be shown in place of the other.
    """
    given = functions_of(language)
    if taken := (given.keys() | _environment.globals.keys()) & context.keys():
        raise NameTaken(template, taken)
    return _environment.get_template(template).render(context, **given)


def render_fragment(template: str, language: str, encoded: bytes, **context: Any) -> Markup:
    """The fragment of a JSON object (`it` in the template), rendered once for the same bytes, template, language and context.

    The context must be hashable by its text, and hold nothing that belongs to one viewer alone. Raises NameTaken.
    """
    variant = f"{template} {sorted(context.items())}"
    key = (variant, language, bytes(encoded))
    found = _fragments.get(key)
    if found is None:
        if "it" in context:
            raise NameTaken(template, ["it"])
        found = Markup(render(template, language, {"it": msgspec.json.decode(encoded), **context}))  # noqa: S704 - of a template
        _fragments.put(key, found)
    return found


def functions_of(language: str) -> dict[str, Any]:
    """What templates call in this language."""

    def when(value: Any, *, seconds: bool = False) -> Markup:
        return formats.time_element(value, language, seconds=seconds)

    def number(value: int) -> str:
        return formats.count(value, language)

    def number_of(value: int, zh: str, one: str, many: str) -> str:
        text = (one if value == 1 else many) if language == ENGLISH else zh
        return text.format(number(value))

    return {
        "t": words(language),
        "language": language,
        "when": when,
        "number": number,
        "number_of": number_of,
        "reason_of": partial(reason_of, language=language),
    }
