"""A form that was sent after its session had ended: the browser carries its fields through the sign-in, the server stores nothing.

The fields are shown again only to the account whose page the form was on.
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

import msgspec

from feed.api.pages.form import ACCOUNT_FIELD, FIELDS_MOST, SESSION_FIELD, Form
from feed.api.pages.page import local_path

# The fields of the sign-in that carry the form.
CONTENT, ACTION, OWNER = "kept", "kept_action", "kept_account"
_OF_THE_SESSION = frozenset({SESSION_FIELD, ACCOUNT_FIELD, CONTENT, ACTION, OWNER})
# What people type, with the labels under which they see it again. The other fields of a form are sent again unseen.
LABELS = {
    "text": ("内容", "Text"),
    "note": ("备注", "Note"),
    "reason": ("理由", "Reason"),
    "body": ("正文", "Text"),
    "title": ("标题", "Title"),
    "notes": ("说明", "Notes"),
    "name": ("昵称", "Name"),
    "bio": ("简介", "Bio"),
}
# Claims and what staff do with them: names, phones, addresses and codes get into no other page and no store of the browser.
# `session.js` has the same rule.
_PRIVATE = re.compile(r"^/prizes/|/winners/")


class KeptForm(msgspec.Struct, frozen=True):
    """Where the form goes, the account that it belongs to, and its fields in their order."""

    action: str
    owner: str
    fields: tuple[tuple[str, str], ...]

    @property
    def is_typed(self) -> bool:
        """Whether it holds a text, so that losing it would be a loss: a button is simply used again."""
        return any(name in LABELS and value.strip() for name, value in self.fields)

    def hidden(self) -> dict[str, str]:
        """The fields of the sign-in that carry this form."""
        return {CONTENT: urlencode(self.fields), ACTION: self.action, OWNER: self.owner}


def keep_form(form: Form, action: str | None) -> KeptForm | None:
    """What was sent without a session; None if there is nothing to keep, or no account that it is known to belong to."""
    pairs = ((name, value) for name, values in form.fields.items() for value in values)
    return _kept(local_path(action, ""), form.text(ACCOUNT_FIELD), pairs)


def carried_form(form: Form) -> KeptForm | None:
    """The kept form that a form of the sign-in carries."""
    try:
        pairs = parse_qsl(form.text(CONTENT), keep_blank_values=True, max_num_fields=FIELDS_MOST)
    except ValueError:
        return None
    return _kept(local_path(form.text(ACTION), ""), form.text(OWNER), pairs)


def _kept(action: str, owner: str, pairs: Iterable[tuple[str, str]]) -> KeptForm | None:
    fields = tuple((name, value) for name, value in pairs if name not in _OF_THE_SESSION)
    if not action or _PRIVATE.search(action) or not (owner.isascii() and owner.isdecimal()):
        return None
    kept = KeptForm(action, owner, fields)
    return kept if kept.is_typed else None
