"""Secrets: from files, weak ones refused, none of them ever shown."""

import subprocess
import sys
from pathlib import Path

import pytest

from feed.commands.installation import environment
from feed.environment import read_settings
from feed.settings import SECRETS, Settings, WeakSecret

STRONG = "Zk3vQ9wLr7pXt2Hm"
GIVEN = {
    "FEED_DATABASE_URL": f"postgresql://feed:{STRONG}@db.example.cn/feed",
    "FEED_REDIS_URL": f"redis://:{STRONG}@cache.example.cn/0",
    "FEED_KEYS_DIR": "/nowhere",
}


def feed(*words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "feed", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin"} | environ,
        cwd=Path(__file__).parents[1],
    )


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    for name in SECRETS:
        file = tmp_path / name
        scheme = "redis" if name == "redis_url" else "postgresql"
        file.write_text(f"{scheme}://feed:{STRONG}{STRONG}@other/{name}\n")
        environ = {key: value for key, value in GIVEN.items() if key != f"FEED_{name.upper()}"}
        settings = read_settings(environ | {f"FEED_{name.upper()}_FILE": str(file)})
        assert getattr(settings, name) == file.read_text().strip()
        # A child gets both; the same value twice is no contradiction.
        assert read_settings(environment(settings) | {f"FEED_{name.upper()}_FILE": str(file)}) == settings


@pytest.mark.parametrize("content", ["", "postgresql://other/feed", None])
def test_a_file_that_contradicts_or_is_empty_or_missing_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match="FEED_DATABASE_URL_FILE") as refused:
        read_settings(GIVEN | {"FEED_DATABASE_URL_FILE": str(file)})
    assert STRONG not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FEED_METRICS_TOKEN", "short"),
        ("FEED_METRICS_TOKEN", "fifteen-letters"),
        ("FEED_DATABASE_URL", "postgresql://feed:postgres@db/feed"),
        ("FEED_DATABASE_URL", "postgresql://somebody:somebody@db/feed"),
        ("FEED_DATABASE_URL", "postgresql://feed:@db/feed"),
        ("FEED_DATABASE_DIRECT_URL", "postgresql://feed:Change%6De@db/feed"),
        ("FEED_REDIS_URL", "redis://:password@cache/0"),
        ("FEED_REDIS_URL", "rediss://default:redis@cache/0"),
    ],
)
def test_a_secret_that_can_be_guessed_is_refused_outside_of_the_embedded_mode(variable: str, value: str) -> None:
    with pytest.raises(WeakSecret, match=f"^{variable}$"):
        read_settings(GIVEN | {variable: value})
    assert read_settings(GIVEN | {variable: value, "FEED_EMBEDDED": "true"})


@pytest.mark.parametrize(
    "url", ["postgresql:///feed?host=/run/postgresql", "postgresql://feed@db/feed", "postgresql://a:5432,b:5432/feed"]
)
def test_no_password_at_all_is_somebodys_decision(url: str) -> None:
    assert read_settings(GIVEN | {"FEED_DATABASE_URL": url}).database_url == url


def test_settings_do_not_show_what_they_keep() -> None:
    settings = read_settings(GIVEN | {"FEED_METRICS_TOKEN": STRONG})
    assert STRONG not in f"{settings} {settings!r} {[settings]!r}"


def test_nothing_starts_with_a_weak_secret_and_the_message_does_not_say_it() -> None:
    for command in ("api", "worker", "migrate", "doctor"):
        answer = feed(command, **GIVEN | {"FEED_METRICS_TOKEN": "hunter2hunter2"})
        assert answer.returncode == 2
        assert "FEED_METRICS_TOKEN" in answer.stderr
        assert "hunter2" not in answer.stderr + answer.stdout
        assert "Traceback" not in answer.stderr


def test_a_limits_file_that_does_not_read_stops_the_api_and_is_named(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text('[pots]\naccount = ["1/1m"]\n')
    answer = feed("api", "--port", "0", **GIVEN | {"FEED_LIMITS": str(file)})
    assert answer.returncode == 1
    assert "[pots]" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_doctor_tells_no_secret(tmp_path: Path) -> None:
    away = GIVEN | {
        "FEED_DATABASE_URL": f"postgresql://feed:{STRONG}@127.0.0.1:1/feed",
        "FEED_REDIS_URL": f"redis://:{STRONG}@127.0.0.1:1/0",
        "FEED_METRICS_TOKEN": STRONG + "!",
        "FEED_KEYS_DIR": str(tmp_path),
    }
    answer = feed("doctor", **away)
    assert answer.returncode == 1
    assert "postgres" in answer.stdout
    assert STRONG not in answer.stdout + answer.stderr


@pytest.mark.parametrize(
    "url", ["nonsense", f"mysql://feed:{STRONG}@db/feed", f"postgresql://feed:{STRONG}@127.0.0.1:notaport/feed"]
)
def test_an_address_that_does_not_read_is_refused_without_its_password(url: str) -> None:
    answer = feed("migrate", **GIVEN | {"FEED_DATABASE_URL": url})
    assert answer.returncode == 1
    assert "FEED_DATABASE_URL" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert STRONG not in answer.stdout + answer.stderr


def test_every_secret_is_a_setting() -> None:
    assert set(SECRETS) <= set(Settings.__struct_fields__)
