"""The production example: no service without limits, open to others, or with more rights than it needs."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

import feed
from feed.renditions.sandbox import IMAGE_LIMITS, VIDEO_LIMITS

ROOT = Path(feed.__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_service_has_limits_and_few_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["mem_limit"]
    assert service["pids_limit"] <= 300
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cap_drop"] == ["ALL"]
    assert not service.get("privileged")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_files_are_mounted_into_read_only_services(name: str) -> None:
    """Compose refuses to start a service with `read_only` and a config or secret that is not a file."""
    for kind in ("configs", "secrets"):
        named = [each if isinstance(each, str) else each["source"] for each in SERVICES[name].get(kind, [])]
        assert all("file" in COMPOSE[kind][source] for source in named)
    mounts = [mount.split(":")[0] for mount in SERVICES[name].get("volumes", [])]
    assert all((ROOT / mount).is_file() if mount.startswith(".") else mount in COMPOSE["volumes"] for mount in mounts)


def test_postgres_is_healthy_only_when_its_volume_is_initialised() -> None:
    """The server that runs the scripts of an empty volume listens on its socket only."""
    assert "-h 127.0.0.1" in SERVICES["postgres"]["healthcheck"]["test"][1]
    mount = next(each for each in SERVICES["postgres"]["volumes"] if each.startswith("./docker/"))
    assert (ROOT / mount.split(":")[0]).stat().st_mode & 0o555 == 0o555


def test_ports_are_open_on_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_images_of_others_are_named_by_the_operator_with_a_digest() -> None:
    images = {service["image"] for service in SERVICES.values() if "build" not in service}
    assert all(re.fullmatch(r"\$\{[A-Z]+_IMAGE:\?.*@sha256:…\}", image) for image in images)


def test_the_application_s_role_is_no_superuser() -> None:
    assert "POSTGRES_USER" not in SERVICES["postgres"]["environment"]
    script = (ROOT / "docker/10-feed.sh").read_text("utf-8")
    for role in ("feed", "feed_app"):
        assert f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE" in script


def test_only_migrations_connect_as_the_owner_of_the_schema() -> None:
    for name in ("api", "worker", "prepare"):
        environment = SERVICES[name]["environment"]
        assert "://feed_app:" in environment["FEED_DATABASE_URL"]
        assert ("FEED_DATABASE_OWNER_URL" in environment) is (name == "prepare")
    assert "://feed:" in SERVICES["prepare"]["environment"]["FEED_DATABASE_OWNER_URL"]


def test_the_proxy_is_trusted_that_the_port_is_meant_for() -> None:
    """Every request arrives from the bridge's address: without it all users would share one quota."""
    assert SERVICES["api"]["environment"]["FEED_TRUSTED_PROXIES"] == "${FEED_TRUSTED_PROXIES:-1}"


@pytest.mark.parametrize("name", ["api", "worker", "prepare"])
def test_temporary_files_are_on_a_disk_that_the_user_of_the_image_may_write(name: str) -> None:
    """What is in a `tmpfs` counts for the memory of the container; a folder that is missing or another user's is not used at all."""
    service = SERVICES[name]
    folder = service["environment"]["TMPDIR"]
    volumes = dict(reversed(mount.split(":")[:2]) for mount in service["volumes"])
    assert volumes[folder] in COMPOSE["volumes"]
    assert not any(folder.startswith(each) for each in service["tmpfs"])
    # A new volume takes its owner from the folder of the image.
    (made,) = (line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if "install -d" in line)
    assert "-o feed -g feed" in made
    assert folder in made.split()


def test_the_worker_has_memory_for_each_file_that_it_renders_at_once() -> None:
    worker = SERVICES["worker"]
    at_once = _default_of(worker["environment"]["FEED_MEDIA_WORKERS"])
    memory = _default_of(worker["mem_limit"])
    assert memory.endswith("g")
    rendered = IMAGE_LIMITS.memory_bytes + VIDEO_LIMITS.memory_bytes
    assert int(memory[:-1]) << 30 >= int(at_once) * rendered + (1 << 29)


def _default_of(value: str) -> str:
    """The default of a variable in the file."""
    found = re.fullmatch(r"\$\{[A-Z_]+:-(.+)\}", value)
    assert found is not None, value
    return found[1]


def test_no_secret_has_a_default() -> None:
    text = (Path(feed.__file__).parents[1] / "docker-compose.yml").read_text("utf-8")
    for name in ("POSTGRES_PASSWORD", "POSTGRES_OWNER_PASSWORD", "POSTGRES_ADMIN_PASSWORD", "VALKEY_PASSWORD"):
        assert f"${{{name}:?" in text
        assert f"${{{name}:-" not in text
