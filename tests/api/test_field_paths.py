"""The paths of errors are spelled as the requests have their members: `prizes[0].value_cny`, `scores.文采`, `limit`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from litestar import Litestar
from msgspec import inspect

import feed
from feed.api.openapi.signatures import operations
from feed.api.state import AppState
from feed.campaigns.prize_kinds import all_claim_fields
from tests.support.api import Join
from tests.support.app import app_over

ROOT = Path(feed.__file__).parent
# Helpers whose first argument is the path of a field.
NAMING = {"FieldError", "text_problems", "require_text", "field_errors", "field_id"}
# Named by the state of a campaign, not by a member of the request: an entry whose marks are missing.
STATES = {"entries.*", "credits"}
SPELLED = re.compile(r"[^.\[\]]+(\[\d+\])*(\.[^.\[\]]+(\[\d+\])*)*")
HEADERS = {"Idempotency-Key", "webhook-id", "webhook-timestamp", "webhook-signature"}


def members(kind: inspect.Type, at: str = "") -> Iterator[str]:
    """The paths of a body, as errors spell them: any index is `[]`, and any name of a mapping is `*`."""
    match kind:
        case inspect.Metadata():
            yield from members(kind.type, at)
        case inspect.UnionType():
            for each in kind.types:
                yield from members(each, at)
        case inspect.StructType():
            for field in kind.fields:
                path = f"{at}.{field.encode_name}" if at else field.encode_name
                yield path
                yield from members(field.type, path)
        case inspect.DictType():
            yield f"{at}.*"
            yield from members(kind.value_type, f"{at}.*")
        case inspect.ListType() | inspect.VarTupleType():
            yield f"{at}[]"
            yield from members(kind.item_type, f"{at}[]")
        case inspect.TupleType():
            yield f"{at}[]"


def written_paths() -> Iterator[tuple[str, str]]:
    """Where an error is made in our code, and the path that it has there, as far as it is written out."""
    for file in sorted(each for each in ROOT.rglob("*.py") if "commands" not in each.parts):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in NAMING
                and node.args
                and (path := _written(node.args[1] if node.func.id == "field_id" else node.args[0])) is not None
            ):
                yield f"{file.relative_to(ROOT)}:{node.lineno}", path


def _written(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=str() as path):
            return path
        case ast.JoinedStr(values=parts):
            text = "".join(part.value if isinstance(part, ast.Constant) else "*" for part in parts)  # type: ignore[misc]
            return re.sub(r"\[[^\]]*\]", "[]", text)
        case _:
            return None


def test_every_path_that_is_written_in_the_code_is_one_of_a_request(app_state: AppState) -> None:
    known = paths_of(app_over(app_state))
    wrong = [
        f"{where} {path}"
        for where, path in written_paths()
        if path not in STATES and not any(_is_spelled(path, each) for each in known)
    ]
    assert "\n".join(wrong) == ""


def _is_spelled(path: str, known: str) -> bool:
    """Whether it is this path, or a part of it whose beginning or end is a variable."""
    return (
        known == path
        or known.endswith((f".{path}", path[1:] if path[0] == "*" else f".{path}"))
        or (path.endswith(".*") and known.startswith(path[:-1]))
    )


async def test_errors_name_the_item_and_the_member_that_are_wrong(join: Join) -> None:
    """Of the decoder, of the rules, of a query and of a header, in the same spelling."""
    chief = join("主编", roles=("reviewer", "editor", "admin"))
    made = await chief("POST", "/admin/campaigns", {"title": "读书月"})
    campaign = f"/admin/campaigns/{made.json()['id']}"
    ranges = {
        "prizes": [{"name": "书", "kind": "goods"}, {"name": "券", "kind": "?", "value_cny": "x", "places": [0, 1]}],
        "eligibility": {"min_account_age_days": -1},
    }
    rules = {
        "prizes": [{"name": "书", "kind": "goods"}, {"name": "券", "kind": "code", "value_cny": "-1"}],
        "criteria": [{"name": "文采", "weight": "0.5"}, {"name": "文采", "weight": "0.5"}],
        "tie_break": ["likes", "likes"],
    }
    voids = {"kinds": ["like"], "reason_code": "bought", "user_ids": ["1", "x"]}
    for method, path, body, expected in (
        (
            "PATCH",
            campaign,
            ranges,
            {"prizes[1].kind", "prizes[1].value_cny", "prizes[1].places[0]", "eligibility.min_account_age_days"},
        ),
        ("PATCH", campaign, rules, {"prizes[1].value_cny", "criteria[1].name", "tie_break[1]"}),
        (
            "PATCH",
            campaign,
            {"prizes": [{"value_cny": []}], "criteria": [{}, {"x": 1}]},
            {"prizes[0].value_cny", "criteria[1].x"},
        ),
        ("POST", f"{campaign}/voids", voids, {"user_ids[1]"}),
        ("PUT", f"{campaign}/entries/1/mark", {"scores": {"文采": "x"}}, {"scores.文采"}),
        ("POST", "/posts", {"text": "好", "location": {"name": "", "lat": 999}}, {"location.name", "location.lat"}),
        ("POST", "/posts", {"text": "好", "media_ids": ["1"]}, {"media_ids[0]"}),
        ("GET", "/feeds/hot?limit=0&sorted=1", None, {"limit", "sorted"}),
    ):
        answer = await chief(method, path, body)
        assert answer.status_code == 422, f"{path}: {answer.text}"
        assert expected <= {each["field"] for each in answer.json()["errors"]}, f"{path}: {answer.text}"
        assert all(SPELLED.fullmatch(each["field"]) for each in answer.json()["errors"])
    keyed = await chief("POST", "/posts", {"text": "好"}, headers={"Idempotency-Key": "a b"})
    assert [each["field"] for each in keyed.json()["errors"]] == ["Idempotency-Key"]


def paths_of(app: Litestar) -> set[str]:
    """The paths of all bodies, and the names of all parameters and headers."""
    known = {*HEADERS, *(field.name for field in all_claim_fields())}
    for path, _, handler in operations(app.routes):
        known |= set(re.findall(r"{(\w+)}", path))
        if handler.parsed_data_field is not None:
            known |= set(members(inspect.type_info(handler.parsed_data_field.annotation)))
        for name, field in handler.parsed_fn_signature.parameters.items():
            known.add(
                getattr(field.kwarg_definition, "query", None) or getattr(field.kwarg_definition, "name", None) or name
            )
    return known
