from pathlib import Path

import pytest

from feed.keys import Keys, open_keys


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return open_keys(tmp_path / "keys", create=True)
