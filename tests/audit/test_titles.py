"""Every action that is written to the audit log has words for people, in the table of titles."""

import ast
from collections.abc import Iterator
from pathlib import Path

import feed
from feed.audit.titles import TITLES

ROOT = Path(feed.__file__).parent
# Actions that are no constant at their call: where they come from, and what they are.
COMPUTED = {
    "accounts/roles.py action": {"staff.grant", "staff.revoke"},
    "audit/months.py MONTH_DROPPED": {"audit.drop_month"},
    "audit/nightly.py VERIFIED": {"audit.verify"},
    "audit/reading.py READ": {"audit.read"},
    "campaigns/actions.py action": {"campaign_created", "campaign_copied"},
    "campaigns/entries/disqualification.py action": {"entry_disqualified", "entry_reinstated"},
    "commands/audit.py ACKNOWLEDGED": {"audit.acknowledge"},
    "comments/edits.py action": {"comment.hide", "comment.show"},
    "curation/actions.py f'hot.{action}'": {"hot.pin", "hot.boost", "hot.suppress"},
    "moderation/actions.py action": {
        *(f"case.{kind}" for kind in ("approve", "reject", "remove", "restore", "dismiss", "escalate", "undo")),
    },
    "moderation/ai_labels.py action": {"post.label_ai", "post.unlabel_ai"},
    "moderation/takedowns/actions.py action": {"takedown.impose", "takedown.lift"},
    "prizes/announcement/undo_settlement.py action": {"withdraw_result", "undo_settlement"},
    "prizes/winners/expiry.py f'prize_{former.state}'": {"prize_lapsed", "prize_forfeited"},
    "profiles/actions.py action": {"reserved_name.put"},
}


def _calls() -> Iterator[tuple[str, ast.expr]]:
    """Module and action of each call of `audit.add`."""
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        names = {
            each.asname or each.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "feed.audit"
            for each in node.names
            if each.name == "store"
        }
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="add")) if name in names:
                    yield str(path.relative_to(ROOT)), node.args[2]


def _constants(action: ast.expr) -> set[str] | None:
    match action:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=one, orelse=other):
            found = _constants(one), _constants(other)
            return None if found[0] is None or found[1] is None else found[0] | found[1]
    return None


def test_every_action_has_a_title_and_every_title_an_action() -> None:
    written: set[str] = set()
    computed: set[str] = set()
    for module, action in _calls():
        if (constants := _constants(action)) is not None:
            written |= constants
        else:
            computed.add(f"{module} {ast.unparse(action)}")
    assert computed == COMPUTED.keys(), "list what the action can be"
    written |= set().union(*COMPUTED.values())
    assert sorted(written - TITLES.keys()) == [], "give them words in feed/audit/titles.py"
    assert sorted(TITLES.keys() - written) == []
    assert all(zh and en and zh != en for zh, en in TITLES.values())
