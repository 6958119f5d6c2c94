"""Programs that some tests need and that packages of Python do not bring along."""

import os
import shutil

import pytest


def nginx_path() -> str:
    """The path of nginx. Without it the calling test is skipped; in CI it fails, where nothing that was asked for may be left out."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("nginx is not installed")
        pytest.skip("nginx is not installed")
    return found
