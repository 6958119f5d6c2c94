"""What the import contract cannot say: who may wait, who writes which table, what SQL is made of, what a transaction holds."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import feed
from feed.campaigns.prize_kinds import KINDS
from tests.architecture.call_graph import CallGraph, Function, statements, takes_connection, transactions

ROOT = Path(feed.__file__).parent
SOURCES = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted(ROOT.rglob("*.py"))}

# Each table has one owner, which alone writes it.
OWNERS = {
    "accounts": {
        "accounts",
        "staff_rights",
        "bylines",
        "sanctions",
        "sign_in_codes",
        "refresh_tokens",
        "relations",
        "account_settings",
        "account_events",
        "account_marks",
        "approvals",
        "former_persons",
        "erasures",
        "sign_ins",
        "web_sessions",
        "web_tickets",
        "departures",
        "erased_subjects",
        "former_names",
    },
    "audit": {"audit", "audit_sequence", "audit_seals", "audit_publications"},
    "boards": {"installation"},
    "signoffs": {"signoffs"},
    "campaigns": {
        "campaigns",
        "campaign_rules",
        "campaign_proposals",
        "entries",
        "jurors",
        "marks",
        "past_marks",
        "jury_changes",
        "cancellations",
        "recusals",
        "voids",
        "facts_set_aside",
        "draw_nonces",
        "compared_pictures",
        "similar_pictures",
    },
    "cases": {"cases", "case_leases"},
    "changes": {"changes", "change_log", "change_numbers", "post_stats"},
    "comments": {"comments", "comment_revisions"},
    "curation": {"hot_actions", "topic_trends"},
    "exports": {"exports", "export_parts"},
    "idempotency": {"idempotency_keys"},
    "inbox": {"inbox", "pushes", "push_hook"},
    "jobs": {"jobs.pgqueuer", "jobs.pgqueuer_log", "jobs.pgqueuer_statistics"},
    "keys": {"key_fingerprints"},
    "media": {
        "media",
        "media_base",
        "media_lanes",
        "media_purges",
        "media_sweeps",
        "purge_hook",
        "blocked_images",
        "blocked_media",
    },
    "likes": {"likes", "past_likes", "comment_likes", "past_comment_likes"},
    "sms": {"messages", "message_receipts", "message_days"},
    "migrations": {"schema_migrations"},
    "notifications": {"inbox_position", "like_groups"},
    "posts": {"posts", "post_states", "post_revisions", "topic_posts"},
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
        "result_heads",
        "result_hashes",
        "result_rows",
        "objections",
        "replacements",
    },
    "reports": {"reports", "report_evidence", "appeals"},
    "screening": {"screening_lists", "screening_words", "text_fingerprints", "provider_checks"},
    "profiles": {"profile_changes", "reserved_names"},
    "moderation": {"chain_attestations", "verdicts", "takedowns", "takedown_scopes", "takedown_posts"},
    "topics": {"topics"},
}
# One statement does the whole of a like (docs/decisions/0020-a-batch-of-likes-is-one-statement.md).
GUESTS = {"likes": {"post_stats", "changes"}}
# Modules of these names and folders decide and wait for nothing.
PURE = re.compile(
    r"(^|/)(model|errors|inputs|notices|score|codec|signature|templates|eligibility|visibility|algorithm)\.py$"
    r"|^(campaigns/rules|prizes/result|prizes/fairness|screens/notices)/"
)
# Entry points, and the parts that hold files, processes, secrets and the environment.
IMPURE = {
    "__main__",
    "access_log",
    "api",
    "app",
    "asgi",
    "commands",
    "demo",
    "embedded",
    "environment",
    "keys",
    "observability",
    "renditions",
    "settings",
    "worker",
}
WORLDS = {"asyncio", "asyncpg", "redis", "litestar", "random", "secrets", "time", "os"}
# What moves the numbers that boards are made of.
MOVES = {
    Function("feed.changes.store", "add_stats"),
    Function("feed.changes.store", "change_stats"),
    Function("feed.likes.store", "apply_likes"),
}
# These move what counts in campaigns and not what posts show. Campaigns' boards are brought up to date from the change log alone.
CAMPAIGNS_ONLY = {
    Function("feed.campaigns.locking", "increment_versions"),
    Function("feed.moderation.sanctions", "impose_on_account"),
    Function("feed.moderation.sanctions", "lift_from_account"),
    Function("feed.moderation.sanctions", "lapse_next_sanction"),
    Function("feed.moderation.sanctions", "lift_sanction"),
}
WRITE = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?([a-z_.]+)")
# Migrations run files and the statements between them; an attempt's outcome hands its constant statement on,
# and the rows of an export are fetched from the cursor of a constant one.
NO_CONSTANT = {"migrations.py": 2, "postgres.py": 2, "sms/store.py": 1, "exports/store.py": 1}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for name, source in SOURCES.items():
        yield name, ast.parse(source)


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
    return any(transactions(tree))


def mixing_sql_and_transactions(graph: CallGraph) -> list[str]:
    """Functions that open a transaction and hold SQL."""
    return [
        f"{function.module}.{function.name}"
        for function, node in graph.nodes.items()
        if opens_transactions(node) and any(statements(node))
    ]


def reaching_out_of_transactions(graph: CallGraph) -> list[str]:
    """Functions that use another action or Redis inside of a transaction: in the block that opens it, or with a caller's connection."""
    actions = graph.actions()
    found = []
    for function, node in graph.nodes.items():
        inside: list[ast.stmt] = node.body if takes_connection(node) else []
        inside = inside or [each for block in transactions(node) for each in block.body]
        names = {each.id for start in inside for each in ast.walk(start) if isinstance(each, ast.Name)}
        if names & {"redis", "counters"} or graph.references(function.module, inside) & actions:
            found.append(f"{function.module}.{function.name}")
    return found


def writing_without_announcing(graph: CallGraph) -> list[str]:
    """Handlers that call an action which moves a post's numbers, and do not hand on to whom it announces that."""
    moving = graph.reaching(MOVES & graph.nodes.keys(), past=CAMPAIGNS_ONLY)
    handlers = [each for each in graph.nodes if each.module.startswith("feed.api.")]
    found = []
    for handler in handlers:
        calls = [each for each in ast.walk(graph.nodes[handler]) if isinstance(each, ast.Call)]
        announcing: set[ast.AST] = set()
        for call in calls:
            if any(keyword.arg == "announce" for keyword in call.keywords):
                # The function itself, or what a `partial` is made of.
                announcing |= {call.func, *call.args}
        for node in ast.walk(graph.nodes[handler]):
            function = graph.resolve(handler.module, node)
            if function in moving and function not in handlers and node not in announcing:
                found.append(f"{handler.module}.{handler.name}")
    return found


def package_of(name: str) -> str:
    return name.split("/")[0].removesuffix(".py")


def visible_by_state_alone(source: str) -> list[str]:
    """The comparisons of a stored state with 'published' that leave the holds out."""
    compared = re.compile(
        r"\b(?:posts\.|comments\.)?state\s*(?:=|<>|!=|IN|NOT IN)\s*\(?'published'(?! AND (?:\w+\.)?holds = 0)"
    )
    return compared.findall(source)


def test_visibility_is_never_the_state_alone() -> None:
    assert {name: found for name, source in SOURCES.items() if (found := visible_by_state_alone(source))} == {}
    for wrong in (
        "posts.state = 'published'",
        "AND state IN ('published', 'pending')",
        "comments.state <> 'published'",
    ):
        assert visible_by_state_alone(wrong)
    for right in ("shown_state(state, holds) = 'published'", "state = 'published' AND posts.holds = 0"):
        assert not visible_by_state_alone(right)


def test_each_table_is_written_by_its_owner() -> None:
    written: dict[str, set[str]] = {}
    for name, tree in trees():
        if tables := writes(tree):
            written.setdefault(package_of(name), set()).update(tables)
    assert written == {package: tables | GUESTS.get(package, set()) for package, tables in OWNERS.items()}


def test_accounts_stay() -> None:
    # Likes have no foreign key, and the count of a whole campaign takes an account without flags for one that may like.
    gone = re.compile(r"\b(?:DELETE\s+FROM|TRUNCATE)\s+(?:ONLY\s+)?accounts\b")
    assert not [name for name, source in SOURCES.items() if gone.search(source)]


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports for types and imports inside of functions count too: they only hide a circle."""
    modules = {"feed." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in SOURCES}
    graph = {}
    for name, tree in trees():
        names = {each for module, imported_name in imported(tree) for each in (module, f"{module}.{imported_name}")}
        graph["feed." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")] = names & modules
    # Raises CycleError, which names the circle.
    assert set(TopologicalSorter(graph).static_order()) == modules


def test_pure_modules_wait_for_nothing() -> None:
    names = [name for name in SOURCES if PURE.search(name) and not name.startswith("api/")]
    assert len(names) > 20
    assert [name for name in names if waits(ast.parse(SOURCES[name]))] == []


def test_a_module_that_waits_for_nothing_is_pure() -> None:
    for name, tree in trees():
        if package_of(name) in IMPURE or waits(tree):
            continue
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


def test_a_function_holds_sql_or_opens_a_transaction() -> None:
    assert mixing_sql_and_transactions(CallGraph(SOURCES)) == []


def test_sql_beside_a_transaction_is_found_in_a_function_and_not_in_its_neighbours() -> None:
    opens = "async def act(pool, by, request):\n    async with {opener} as conn:\n        await {body}\n"
    store = "async def add(conn: Connection):\n    await conn.execute('SELECT 1')\n"
    for opener in ("transaction(pool)", "idempotent_transaction(pool, by, request)", "postgres.transaction(pool)"):
        mixed = opens.format(opener=opener, body="conn.execute('SELECT 1')")
        assert mixing_sql_and_transactions(CallGraph({"posts/actions.py": mixed})) == ["feed.posts.actions.act"]
        apart = opens.format(opener=opener, body="add(conn)") + store
        assert mixing_sql_and_transactions(CallGraph({"posts/actions.py": apart})) == []


def test_doors_hold_no_sql_and_open_no_transaction() -> None:
    for name, tree in trees():
        if name.startswith(("api/", "worker/")) and name not in ("api/health.py", "worker/retention.py"):
            assert not list(statements(tree)), name
            assert not opens_transactions(tree), name


def test_screens_write_nothing() -> None:
    for name, tree in trees():
        if name.startswith("screens/"):
            assert not writes(tree), name
            assert not opens_transactions(tree), name


def test_a_transaction_holds_no_other_action_and_no_redis() -> None:
    assert reaching_out_of_transactions(CallGraph(SOURCES)) == []


def test_what_a_transaction_must_not_hold_is_found() -> None:
    like = "async def like_post(pool):\n    async with transaction(pool) as conn:\n        await conn\n"
    around = "async def like_twice(pool):\n    await like_post(pool)\n"
    act = "from {package} import {name}\nasync def act(pool):\n    async with {opener} as conn:\n        await {body}\n"
    helper = "from feed.likes import actions\nasync def helper(conn: Connection, pool):\n    await {body}\n"
    wrong = [
        act.format(package="feed.likes", name="actions", opener="transaction(pool)", body="actions.like_post(pool)"),
        act.format(
            package="feed.likes.actions", name="like_twice", opener="transaction(pool)", body="like_twice(pool)"
        ),
        act.format(
            package="feed.likes",
            name="actions",
            opener="idempotent_transaction(pool)",
            body="gather(actions.like_post)",
        ),
        act.format(package="feed.likes", name="actions", opener="transaction(pool)", body="redis.get('a')"),
        helper.format(body="actions.like_twice(pool)"),
        helper.format(body="counters.count(conn)"),
    ]
    for source in wrong:
        graph = CallGraph({"likes/actions.py": like + around, "posts/actions.py": source})
        assert reaching_out_of_transactions(graph) == [
            f"feed.posts.actions.{'helper' if 'helper' in source else 'act'}"
        ], source
    right = act.format(package="feed.likes", name="actions", opener="transaction(pool)", body="actions.price(conn)")
    graph = CallGraph({"likes/actions.py": like + "def price(conn):\n    pass\n", "posts/actions.py": right})
    assert reaching_out_of_transactions(graph) == []


def test_a_handler_hands_on_to_whom_an_action_announces_the_posts_it_has_changed() -> None:
    graph = CallGraph(SOURCES)
    # A function that has moved would make the rule say nothing.
    assert graph.nodes.keys() >= MOVES | CAMPAIGNS_ONLY
    assert writing_without_announcing(graph) == []


def test_a_handler_that_forgets_the_boards_is_found() -> None:
    sources = {
        "changes/store.py": "async def change_stats(conn):\n    pass\n",
        "campaigns/locking.py": (
            "from feed.changes import store\nasync def increment_versions(conn):\n    await store.change_stats(conn)\n"
        ),
        "posts/hide_show.py": (
            "from feed.changes import store as changes\nasync def hide(conn):\n    await changes.change_stats(conn)\n"
        ),
        "posts/actions.py": (
            "from feed.posts.hide_show import hide\nfrom feed.campaigns.locking import increment_versions\n"
            "async def delete(pool, *, announce):\n    await hide(pool)\n"
            "async def mark(pool):\n    await increment_versions(pool)\n"
        ),
    }
    calls = {
        "await actions.delete(pool)": ["feed.api.posts.handle"],
        "Batcher(partial(actions.delete, pool))": ["feed.api.posts.handle"],
        "await retried(lambda: actions.delete(pool))": ["feed.api.posts.handle"],
        "await actions.delete(pool, announce=touch)": [],
        "Batcher(partial(actions.delete, pool, announce=touch))": [],
        "await actions.mark(pool)": [],
    }
    for call, found in calls.items():
        handler = f"from feed.posts import actions\nasync def handle(pool):\n    {call}\n"
        assert writing_without_announcing(CallGraph({**sources, "api/posts.py": handler})) == found, call


def test_everything_is_caught_in_three_places_only() -> None:
    """A worker that no job may end, a batch whose callers each get the error, and what calls handlers beside the framework, whose net is missing there."""
    found = [
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) == "Exception")
    ]
    assert found == ["api/middleware/plain_requests.py", "batching.py", "worker/loop.py"]


def test_no_module_is_longer_than_a_room() -> None:
    assert [name for name, source in SOURCES.items() if source.count("\n") > 400] == []


def test_no_package_has_more_modules_than_a_floor() -> None:
    assert [each for each in {path.parent for path in ROOT.rglob("*.py")} if len([*each.glob("[!_]*.py")]) > 28] == []


def test_a_kind_of_prize_is_named_in_one_file() -> None:
    """What differs between kinds is an entry of `prize_kinds.KINDS`; SQL gets kinds as parameters."""
    quoted = re.compile(rf"""['"](?:{"|".join(KINDS)})['"]""")
    # Errors and SMS have a code as well: this name is a kind only where kinds are spoken of.
    unmistakable = KINDS.keys() - {"code"}
    for name, tree in trees():
        if name.endswith("/prize_kinds.py"):
            continue
        for node in ast.walk(tree):
            at = f"{name}:{getattr(node, 'lineno', 0)}"
            match node:
                case ast.Constant(value=str(text)):
                    assert text not in unmistakable, at
                    assert not ("kind" in text and quoted.search(text)), at
                case ast.Compare():
                    text = ast.unparse(node)
                    assert not ("kind" in text and quoted.search(text)), at
                case ast.keyword(arg="kind", value=ast.Constant(value=value)):
                    assert value not in KINDS, at
                case ast.Dict(keys=keys, values=values):
                    for key, given in zip(keys, values, strict=True):
                        of_a_kind = isinstance(key, ast.Constant) and key.value == "kind"
                        assert not (of_a_kind and isinstance(given, ast.Constant) and given.value in KINDS), at


def test_whether_a_place_is_held_is_read_from_its_view() -> None:
    for name, source in SOURCES.items():
        assert not re.search(r"NOT IN \('(?:lapsed|declined|forfeited)'", source), name
