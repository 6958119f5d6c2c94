"""What docs/reference/result.md tells outsiders to run does what it says."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import feed

ROOT = Path(feed.__file__).parents[1]
VECTORS = json.loads((ROOT / "docs/reference/result-vectors.json").read_text("utf-8"))
RESULTS = VECTORS["results"]
# Of the first format.
VECTOR = json.loads((ROOT / "tests/prizes/result/result_vector.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("change", "holds"),
    [(None, True), ("frozen_at", False), ("amendments", False), ("people", True), ("row", False)],
)
@pytest.mark.parametrize("described", [*RESULTS, None], ids=lambda each: each and each["document"]["format"])
def test_a_result_is_verified_by_hand(
    tmp_path: Path, described: dict[str, Any] | None, change: str | None, holds: bool
) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/reference/result.md").read_text("utf-8"), re.DOTALL)
    if described is None:
        key, document = VECTOR["public_key"], json.loads(VECTOR["document"])
        amendments = list(VECTOR["amendments"])
    else:
        key, document = VECTORS["keys"][0], dict(described["document"])
        amendments = list(document["amendments"])
    document |= {"amendments": amendments, "people": {"x": "小明"}}
    if change == "amendments":
        amendments.append(amendments[0])
    elif change == "people":
        document[change]["x"] = "小红"
    elif change == "row":
        document["sheet"] = [document["sheet"][0] | {"rank": 2}, *document["sheet"][1:]]
    elif change is not None:
        document[change] = "2026-01-01T00:00:00.000000Z"
    (tmp_path / "result.json").write_text(json.dumps(document), "utf-8")
    (tmp_path / "feed-keys.json").write_text(json.dumps({"keys": [key]}), "utf-8")
    ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode == 0) is holds, ran.stderr
