"""Puts the examples into the OpenAPI document: those of the story, and a problem document for each error code."""

from typing import Any

import msgspec

from feed.api.errors import PROBLEM_JSON, problem_of
from feed.api.languages import preferred_language
from feed.api.openapi.examples.played import Played, read_played
from feed.api.openapi.examples.streams import STREAMS
from feed.decoding.problems import unknown_field
from feed.errors import Invalid

Json = dict[str, Any]


def add_examples(document: Json) -> None:
    """Adds an example to each parameter, body and response of the document, in place."""
    played = read_played() | STREAMS
    problems: Json = {}
    for item in document["paths"].values():
        for operation in item.values():
            _add_to(operation, played.get(operation["operationId"], Played()), problems)
    document["components"]["examples"] = problems


def _add_to(operation: Json, played: Played, problems: Json) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in played.parameters:
            parameter["example"] = played.parameters[parameter["name"]]
    if "requestBody" in operation:
        for content in operation["requestBody"]["content"].values():
            _add_values(content, played.body, {name: each.body for name, each in played.others.items()})
    for status, response in operation["responses"].items():
        answers = played.answers.get(status, {})
        for media, content in response.get("content", {}).items():
            others = {name: each.answers.get(status, {}).get(media) for name, each in played.others.items()}
            if media == PROBLEM_JSON:
                content["examples"] = _problems(int(status), response["x-codes"], answers.get(media), problems)
            elif media in answers:
                _add_values(content, answers[media], others)


def _add_values(content: Json, value: Any, others: Json) -> None:
    """Adds an example, or several by name if there are others."""
    others = {name: other for name, other in others.items() if other is not None}
    if not others:
        content["example"] = value
        return
    named = {"in the story": value} | others
    content["examples"] = {
        name.replace(" ", "_"): {"summary": name[0].upper() + name[1:], "value": each} for name, each in named.items()
    }


def _problems(status: int, codes: list[str], recorded: Json | None, problems: Json) -> Json:
    """An example for each code: the recorded one, or one that all operations share."""
    examples: Json = {}
    for code in codes:
        if recorded is not None and recorded["code"] == code:
            examples[code] = {"value": recorded}
            continue
        name = f"{status}-{code}"
        # What every operation rejects: a misspelt parameter.
        fields = [unknown_field("limt", ["limit"])] if code == Invalid.code else []
        problem = problem_of(code, status, preferred_language(""), fields)
        problems.setdefault(name, {"value": msgspec.to_builtins(problem)})
        examples[code] = {"$ref": f"#/components/examples/{name}"}
    return examples
