"""What the import contract cannot say: who may wait, who writes which table, what SQL is made of, what a transaction holds."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import feed

ROOT = Path(feed.__file__).parent
SOURCES = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted(ROOT.rglob("*.py"))}

# Each table has one owner, and nobody else writes it.
OWNERS = {
    "accounts": {
        "accounts",
        "staff_rights",
        "sanctions",
        "sign_in_codes",
        "refresh_tokens",
        "relations",
        "account_settings",
        "account_events",
        "account_marks",
    },
    "audit": {"audit"},
    "boards": {"installation"},
    "campaigns": {
        "campaigns",
        "campaign_rules",
        "entries",
        "jurors",
        "marks",
        "past_marks",
        "jury_changes",
        "cancellations",
        "recusals",
        "voids",
        "draw_nonces",
    },
    "cases": {"cases"},
    "changes": {"changes", "change_log", "change_numbers", "post_stats"},
    "comments": {"comments"},
    "curation": {"hot_actions", "topic_trends"},
    "idempotency": {"idempotency_keys"},
    "inbox": {"inbox", "pushes", "push_hook"},
    "jobs": {"jobs.pgqueuer", "jobs.pgqueuer_log", "jobs.pgqueuer_statistics"},
    "likes": {"likes", "past_likes", "comment_likes", "past_comment_likes"},
    "messages": {"messages", "message_receipts", "message_days"},
    "migrations": {"schema_migrations"},
    "notifications": {"inbox_position", "like_groups"},
    "posts": {"posts", "post_revisions", "topic_posts"},
    "prizes": {
        "settlements",
        "sheet_rows",
        "winners",
        "reserves",
        "claims",
        "claim_access",
        "prize_codes",
        "shipments",
        "shreddings",
        "draws",
        "beacon_entries",
        "number_corrections",
        "corrected_numbers",
        "amendments",
        "objections",
        "replacements",
    },
    "review": {"verdicts"},
    "topics": {"topics"},
}
# One statement does the whole of a like (docs/decisions/0020-a-batch-of-likes-is-one-statement.md).
GUESTS = {"likes": {"post_stats", "changes"}}
PURE = {
    "model.py", "refusals.py", "problems.py", "lawful.py", "lines.py", "score.py", "rules_text.py", "draw_text.py", "counting_text.py", "promises.py", "favour.py", "marking.py", "panel.py", "verdicts.py", "select.py", "result.py", "verify.py", "draw.py", "drawn.py", "drand.py", "beacon.py", "correction.py", "finding.py", "amendment.py", "chain.py", "scrutiny.py", "rings.py",
    "rights.py", "visibility.py", "eligibility.py", "claim.py", "hook.py", "reasons.py", "notices.py", "parse.py", "hot.py", "spread.py", "arranging.py", "sheet_csv.py", "tally.py",
    "zipf.py", "plan.py", "rows.py", "wording.py",
    "acs3.py", "tc3.py", "wire.py", "aliyun_wire.py", "tencent_wire.py", "subscription.py", "templates.py", "caps.py",
    "texts.py", "phones.py", "signatures.py", "signing.py", "errors.py",
}  # fmt: skip
STATEMENTS = {"fetch", "fetchrow", "fetchval", "execute", "executemany"}
WORLDS = {"asyncio", "asyncpg", "redis", "litestar", "random", "secrets", "time", "os"}
WRITE = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?([a-z_.]+)")
# Migrations run files and the statements between them; an attempt's outcome hands its constant statement on.
NO_CONSTANT = {"migrations.py": 2, "messages/store.py": 1}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for name, source in SOURCES.items():
        yield name, ast.parse(source)


def statements(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls that run SQL."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in STATEMENTS:
            yield node


def writes(tree: ast.AST) -> set[str]:
    """The tables that a module's SQL writes."""
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    said = {table for text in constants if isinstance(text, str) for table in WRITE.findall(text)}
    copied = {
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "copy_records_to_table"
        and isinstance(node.args[0], ast.Constant)
    }
    return said | copied


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Module and name of each import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def waits(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree))


def opens_transactions(tree: ast.AST) -> bool:
    return ("feed.postgres", "transaction") in set(imported(tree))


def transactions(tree: ast.AST) -> Iterator[ast.AsyncWith]:
    """The blocks that are transactions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncWith) and any(
            isinstance(item.context_expr, ast.Call) and ast.unparse(item.context_expr.func) == "transaction"
            for item in node.items
        ):
            yield node


def package_of(name: str) -> str:
    return name.split("/")[0].removesuffix(".py")


def test_each_table_is_written_by_its_owner() -> None:
    written: dict[str, set[str]] = {}
    for name, tree in trees():
        if tables := writes(tree):
            written.setdefault(package_of(name), set()).update(tables)
    assert written == {package: tables | GUESTS.get(package, set()) for package, tables in OWNERS.items()}


def test_accounts_stay() -> None:
    # Likes have no foreign key, and the count of a whole campaign takes whoever it has nothing to say of for an account that may like.
    gone = re.compile(r"\b(?:DELETE\s+FROM|TRUNCATE)\s+(?:ONLY\s+)?accounts\b")
    assert not [name for name, source in SOURCES.items() if gone.search(source)]


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports for types and imports inside of functions count too: they only hide a circle."""
    modules = {"feed." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in SOURCES}
    graph = {}
    for name, tree in trees():
        names = {each for module, imported_name in imported(tree) for each in (module, f"{module}.{imported_name}")}
        graph["feed." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")] = names & modules
    TopologicalSorter(graph).prepare()


def test_a_pure_room_waits_for_nothing_and_knows_no_world() -> None:
    for name, tree in trees():
        if Path(name).name not in PURE or name.startswith("api/"):
            continue
        assert not waits(tree), name
        assert not {module.split(".")[0] for module, _ in imported(tree)} & WORLDS, name
        clocks = {"datetime.now", "date.today", "datetime.utcnow"}
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert not calls & clocks, f"{name} reads a clock"


def test_sql_is_a_constant_that_stands_where_it_runs() -> None:
    found: dict[str, int] = {}
    for name, tree in trees():
        for call in statements(tree):
            if call.args and not isinstance(call.args[0], ast.Constant):
                found[name] = found.get(name, 0) + 1
    assert found == NO_CONSTANT


def test_who_holds_sql_opens_no_transaction_and_who_opens_one_holds_no_sql() -> None:
    for name, tree in trees():
        if opens_transactions(tree):
            assert not list(statements(tree)), name


def test_doors_hold_no_sql_and_open_no_transaction() -> None:
    for name, tree in trees():
        if name.startswith(("api/", "worker/")) and name not in ("api/operations.py", "worker/retention.py"):
            assert not list(statements(tree)), name
            assert not opens_transactions(tree), name


def test_screens_write_nothing() -> None:
    for name, tree in trees():
        if name.startswith("screens/"):
            assert not writes(tree), name
            assert not opens_transactions(tree), name


def test_a_transaction_holds_no_other_action_and_no_redis() -> None:
    acting = {name for name, tree in trees() if opens_transactions(tree)}
    modules = {"feed." + name.removesuffix(".py").replace("/", ".") for name in acting}
    for name, tree in trees():
        foreign = {
            imported_name
            for module, imported_name in imported(tree)
            if module in modules or f"{module}.{imported_name}" in modules
        }
        for block in transactions(tree):
            used = {node.id for node in ast.walk(block) if isinstance(node, ast.Name)}
            assert not used & foreign, f"{name}:{block.lineno} calls another action inside of a transaction"
            assert not used & {"redis", "counters"}, f"{name}:{block.lineno} reaches Redis inside of a transaction"


def test_everything_is_caught_in_three_places_only() -> None:
    """A worker that no job may end, a batch whose callers each get the error, and the lane beside the framework's own net."""
    found = [
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) == "Exception")
    ]
    assert found == ["api/express.py", "batching.py", "worker/loop.py"]


def test_no_module_is_longer_than_a_room() -> None:
    assert [name for name, source in SOURCES.items() if source.count("\n") > 300] == []
