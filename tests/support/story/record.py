"""`python -m tests.support.story.record`: plays the story at its own time, and stores what was sent and received as the examples."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.story.clock import moved_environment
from tests.support.story.play import BEGINS

TEST = "tests/api/openapi/test_examples.py"


def main() -> int:
    """The status of pytest."""
    with tempfile.TemporaryDirectory(prefix="feed-story-") as folder:
        environment = os.environ | moved_environment(Path(folder), BEGINS)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TEST, "-k", "accepts_every"]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
