"""Pages with holes: what readers of a page have in common is rendered once, and what differs is put in."""

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from markupsafe import Markup, escape

from feed.api.html.rendering import render
from feed.bounded_cache import BoundedCache

_BYTES = 16_000_000
_SECONDS = 600.0
# In an outline, around the name of a hole: no text of a page contains it.
_MARK = secrets.token_hex(16)
_HOLES = re.compile(f"{_MARK}-([a-z_]+)-".encode())


class Hole(NamedTuple):
    """HTML that differs between pages of one outline. A template writes it as it is, and may ask whether it is empty."""

    html: bytes

    @classmethod
    def of(cls, text: str) -> "Hole":
        """A text, escaped."""
        return cls(escape(text).encode())


class Encoded(NamedTuple):
    """A JSON object that a template reads decoded, and that is compared by its bytes."""

    json: bytes


class _Outline(NamedTuple):
    """The parts of a page between its holes, and the names of the holes between them."""

    parts: tuple[bytes, ...]
    names: tuple[str, ...]


class Outlines:
    """The outlines of one site, by template, language, and everything in the context but what is in the holes."""

    def __init__(self) -> None:
        self._outlines: BoundedCache[Any, _Outline] = BoundedCache(max_bytes=_BYTES, seconds=_SECONDS, size=_size_of)

    def render(
        self,
        template: str,
        language: str,
        context: Mapping[str, Any],
        *,
        site: Mapping[str, Any],
        own: Mapping[str, tuple[str, ...]],
    ) -> bytes:
        """The page. `site` is the context that is the same for all pages; `own` names the members of structs that are holes, too.

        A context without a Hole, or with a value that cannot be compared, is rendered each time.
        """
        holes, compared = _divided(context, own)
        if not holes:
            return _plain(template, language, context, site)
        key = (template, language, *compared)
        try:
            outline = self._outlines.get(key)
        except TypeError:
            return _plain(template, language, context, site)
        if outline is None:
            marked = {name: _marked(name, value, own) for name, value in context.items()}
            outline = _outline_of(render(template, language, {**site, **marked}))
            self._outlines.put(key, outline)
        return b"".join(_filled(outline, holes))


def _divided(context: Mapping[str, Any], own: Mapping[str, tuple[str, ...]]) -> tuple[dict[str, bytes], list[Any]]:
    """What is put into the holes, and what the outline depends on: of a hole, whether it is empty.

    Types count: 1 and True are written differently. No holes where the context has none of its own.
    """
    holes: dict[str, bytes] = {}
    compared: list[Any] = [tuple(context)]
    for name, value in context.items():
        if type(value) is Hole:
            holes[name] = value.html
            compared.append(not value.html)
        elif type(value) is str:
            compared.append(value)
        elif name not in own or not isinstance(value, msgspec.Struct):
            compared += (type(value), value)
    if holes:
        for name, members in own.items():
            if isinstance(value := context[name], msgspec.Struct):
                for member in value.__struct_fields__:
                    found = getattr(value, member)
                    if member in members:
                        holes[f"{name}_{member}"] = escape(found).encode()
                    compared.append(not found if member in members else found)
    return holes, compared


def _marked(name: str, value: Any, own: Mapping[str, tuple[str, ...]]) -> Any:
    """The value for an outline; an empty hole stays empty, since a template may ask."""
    if isinstance(value, Hole):
        return _mark(name) if value.html else Markup()
    if name in own and isinstance(value, msgspec.Struct):
        marks = {each: _mark(f"{name}_{each}") for each in own[name] if getattr(value, each)}
        return msgspec.structs.replace(value, **marks)
    return _shown(value)


def _mark(name: str) -> Markup:
    return Markup(f"{_MARK}-{name}-")  # noqa: S704 - no text of a user


def _outline_of(html: str) -> _Outline:
    pieces = _HOLES.split(html.encode())
    return _Outline(tuple(pieces[::2]), tuple(name.decode() for name in pieces[1::2]))


def _filled(outline: _Outline, holes: Mapping[str, bytes]) -> Iterator[bytes]:
    yield outline.parts[0]
    for name, part in zip(outline.names, outline.parts[1:], strict=True):
        yield holes[name]
        yield part


def _plain(template: str, language: str, context: Mapping[str, Any], site: Mapping[str, Any]) -> bytes:
    return render(template, language, {**site, **{name: _shown(value) for name, value in context.items()}}).encode()


def _shown(value: Any) -> Any:
    if isinstance(value, Hole):
        return Markup(value.html.decode())  # noqa: S704 - of a template
    return msgspec.json.decode(value.json) if isinstance(value, Encoded) else value


def _size_of(key: Any, outline: _Outline) -> int:
    # What the key holds besides is written in the parts, too.
    held = sum(len(each.json) for each in key if isinstance(each, Encoded))
    return held + 2 * sum(len(part) for part in outline.parts) + 2_000
