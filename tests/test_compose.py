"""The production example: no service without limits, open to others, or with more rights than it needs."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

import feed

COMPOSE: dict[str, Any] = yaml.safe_load((Path(feed.__file__).parents[1] / "docker-compose.yml").read_text("utf-8"))
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


def test_ports_are_open_on_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_images_of_others_are_named_by_the_operator_with_a_digest() -> None:
    images = {service["image"] for service in SERVICES.values() if "build" not in service}
    assert all(re.fullmatch(r"\$\{[A-Z]+_IMAGE:\?.*@sha256:…\}", image) for image in images)


def test_the_application_s_role_is_no_superuser() -> None:
    assert "POSTGRES_USER" not in SERVICES["postgres"]["environment"]
    script = COMPOSE["configs"]["role"]["content"]
    assert "CREATE ROLE feed LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE" in script
    assert "://feed:" in SERVICES["api"]["environment"]["FEED_DATABASE_URL"]


def test_no_secret_has_a_default() -> None:
    text = (Path(feed.__file__).parents[1] / "docker-compose.yml").read_text("utf-8")
    for name in ("POSTGRES_PASSWORD", "POSTGRES_ADMIN_PASSWORD", "VALKEY_PASSWORD"):
        assert f"${{{name}:?" in text
        assert f"${{{name}:-" not in text
