"""The examples as they are served, taken apart for tests of their values."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import jsonschema_rs

from feed.api.openapi.examples.played import read_played

Json = dict[str, Any]
JSON, PROBLEM = "application/json", "application/problem+json"
PLAYED = read_played()
ID = re.compile(r"\d{16,19}")


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for item in document["paths"].values():
        for operation in item.values():
            yield operation["operationId"], operation


def answer_of(name: str, status: str = "200") -> Any:
    return PLAYED[name].answers[status][JSON]


def assert_valid(document: Json, schema: Json, value: Any, where: str) -> None:
    whole = {**schema, "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    error = next(validator.iter_errors(value), None)
    assert error is None, f"{where}: {error}"


def walk(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Every object of an example with its path."""
    if isinstance(value, dict):
        yield path, value
        for key, each in value.items():
            yield from walk(each, (*path, key))
    elif isinstance(value, list):
        for each in value:
            yield from walk(each, path)


class Told(NamedTuple):
    """An object of an example, and where it is."""

    where: str
    path: tuple[str, ...]
    value: Json


def everything() -> Iterator[Told]:
    several = {f"{name}.{each}": other for name, played in PLAYED.items() for each, other in played.others.items()}
    for name, played in (PLAYED | {name.replace(" ", "_"): other for name, other in several.items()}).items():
        yield Told(f"{name} parameters", (), played.parameters)
        for path, value in walk(played.body):
            yield Told(f"{name} body", path, value)
        for status, contents in played.answers.items():
            for path, value in walk(contents.get(JSON)):
                yield Told(f"{name} {status}", path, value)
