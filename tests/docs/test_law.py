"""What the document on law says of erasures is what `DELETE /v1/me` says, with the days that the code keeps."""

import re
from pathlib import Path
from typing import get_args

import feed
from feed.erasure.kept import KeptKind, kept_after_erasure
from feed.settings import Settings

LAW = (Path(feed.__file__).parent.parent / "docs/reference/law.md").read_text("utf-8")
ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| [^|]+ \| ([^|]+) \|", re.MULTILINE)


def test_what_stays_after_an_erasure_is_said_alike_in_document_and_response(settings: Settings) -> None:
    table = LAW[LAW.index("## Erasing an account") : LAW.index("## After the opening")]
    rows = {kind: words for kinds, words in ROW.findall(table) for kind in re.findall(r"`(\w+)`", kinds)}
    said = {
        each.kind: each.days
        for each in kept_after_erasure(
            access_log_days=settings.access_log_days,
            claims_days=settings.claims_kept_days,
            names_days=settings.names_reserved_days,
            backup_days=settings.backup_days,
        )
    }
    assert rows.keys() == said.keys() == {*get_args(KeptKind)}
    assert {kind for kind, days in said.items() if days is not None and f"{days} days" not in rows[kind]} == set()


def test_the_days_of_this_site_are_said() -> None:
    said = {
        each.kind: each.days
        for each in kept_after_erasure(access_log_days=400, claims_days=91, names_days=7, backup_days=36)
    }
    assert [said[kind] for kind in ("access_logs", "claims", "names", "backups")] == [400, 91, 7, 36]
