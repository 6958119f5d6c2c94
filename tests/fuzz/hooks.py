"""What schemathesis cannot know: who may ask, which ids mean something, and what a refusal must hold."""

import json
import os
import random
from typing import Any

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase

from tests.fuzz.values import TEXT_NUMBERS, hostile_text

_known = json.loads(os.environ.get("FEED_FUZZ", '{"tokens": {}, "ids": {}}'))
_roles = [*_known["tokens"], None]
_random = random.Random(0)
# Where the columns of a database end, and beyond: schemas that name no most say nothing of them.
NUMBERS = (2**31, 2**63, 2**64, 10**12, 10**30, -1, 1e308, 1e-308)


def _with_known_ids(path_parameters: Any) -> Any:
    """Half of the ids are of something that exists; the others stay as they were generated."""
    found = dict(path_parameters or {})
    for name in found:
        if name in _known["ids"] and _random.random() < 0.5:
            found[name] = _random.choice(_known["ids"][name])
        elif _random.random() < 0.1:
            found[name] = str(_random.choice(NUMBERS))
    return found


def _enlarged(value: Any) -> Any:
    """Some numbers are larger than anything that can be counted, however deep they are."""
    if isinstance(value, dict):
        return {key: _enlarged(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_enlarged(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and _random.random() < 0.2:
        return _random.choice(NUMBERS)
    return value


def _with_odd_texts(value: Any, longest: int) -> Any:
    """Some texts have odd characters. Lone surrogates cannot be sent by the client of the generator."""
    if isinstance(value, dict):
        return {key: _with_odd_texts(each, longest) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_odd_texts(each, longest) for each in value]
    if isinstance(value, str) and _random.random() < 0.2:
        text = _random.choice((hostile_text(_random), *TEXT_NUMBERS))
        return text[:longest].encode(errors="replace").decode()
    return value


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Every role sends every request; the admin most often, who is refused the least.

    Parts of a request that are generated as invalid stay as they are: a case has to be rejected for one of them.
    """
    negative = bool(case.meta and case.meta.generation.mode.is_negative)
    if _is_valid(case, ParameterLocation.PATH) and case.meta.phase.name == TestPhase.FUZZING:
        case.path_parameters = _with_known_ids(case.path_parameters)
    if _is_valid(case, ParameterLocation.BODY):
        case.body = _with_odd_texts(_enlarged(case.body), 100_000)
    if _is_valid(case, ParameterLocation.QUERY):
        # Longer ones are rejected by the server itself, which has no problem documents.
        case.query = _with_odd_texts(_enlarged(case.query), 300)
    role = "admin" if _random.random() < 0.5 else _random.choice(_roles)
    # A made-up token only in cases that are to be rejected.
    if role is not None and not (negative and "Authorization" in case.headers):
        case.headers["Authorization"] = f"Bearer {_known['tokens'][role]}"


def _is_valid(case: Any, location: ParameterLocation) -> bool:
    component = case.meta.components.get(location) if case.meta else None
    return component is not None and not component.mode.is_negative


@schemathesis.check
def problem_code_is_documented(ctx: Any, response: Any, case: Any) -> None:
    """A refusal's code is one of those that the document names for this operation and status."""
    if response.status_code < 400 or response.status_code == 405 or not _is_problem(response):
        return
    documented = case.operation.definition.raw["responses"].get(str(response.status_code), {}).get("x-codes")
    code = json.loads(response.content)["code"]
    assert documented is None or code in documented, f"{code} is not documented for {response.status_code}"


@schemathesis.check
def problem_is_whole(ctx: Any, response: Any, case: Any) -> None:
    """Every refusal is a problem document with words, and names what it is about."""
    if response.status_code < 400:
        return
    assert _is_problem(response), f"{response.status_code} is no problem document"
    problem = json.loads(response.content)
    assert problem["status"] == response.status_code
    assert problem["title"]
    assert problem["code"]
    assert all(field["field"] and field["message"] for field in problem.get("errors", []))


def _is_problem(response: Any) -> bool:
    kinds = response.headers.get("content-type") or [""]
    return str(kinds[0] if isinstance(kinds, list) else kinds).startswith("application/problem+json")
