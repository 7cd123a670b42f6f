"""`compose.yaml` is one that Docker accepts: pinned, bounded, watched, with no password in it."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.services.artefacts import KAFKA_VERSION, NEO4J_VERSION

REPOSITORY = Path(__file__).resolve().parents[2]
SECRETS = {"NEO4J_PASSWORD": "graph-pass-1", "ONEFOLD_ID_KEY": "id-key-1"}
DOCKER_SECONDS = 60


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as it is, before variables are filled in."""
    found: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())
    return found


def docker_compose(*arguments: str, secrets: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`docker compose` on our file, without the `.env` of whoever runs the tests."""
    docker = shutil.which("docker")
    plugin = docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
    if not docker or not plugin or plugin.returncode != 0:
        pytest.skip("NOT TESTED: no `docker compose` here to check compose.yaml with")
    environment = {key: value for key, value in os.environ.items() if key not in SECRETS}
    return subprocess.run(
        [docker, "compose", "--env-file", os.devnull, *arguments],
        cwd=REPOSITORY,
        env={**environment, **secrets},
        capture_output=True,
        text=True,
        check=False,
        timeout=DOCKER_SECONDS,
    )


def test_docker_accepts_it() -> None:
    checked = docker_compose("config", "--quiet", secrets=SECRETS)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_docker_refuses_it_without_a_password() -> None:
    for missing in SECRETS:
        given = {name: value for name, value in SECRETS.items() if name != missing}
        checked = docker_compose("config", "--quiet", secrets=given)
        assert checked.returncode != 0
        assert missing in checked.stderr


def test_it_runs_what_the_tests_run_with(compose: dict[str, Any]) -> None:
    images = {name: service["image"] for name, service in compose["services"].items()}
    assert images["kafka"] == f"apache/kafka:{KAFKA_VERSION}"
    assert images["neo4j"] == f"neo4j:{NEO4J_VERSION}-community"


def test_there_are_two_workers_and_a_server(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"kafka", "neo4j", "worker", "server"}
    assert services["worker"]["deploy"]["replicas"] == 2
    assert (services["worker"]["command"][0], services["server"]["command"][0]) == ("worker", "serve")


@pytest.mark.parametrize("name", ["kafka", "neo4j", "worker", "server"])
def test_each_service_is_watched_and_bounded_and_seen_by_this_machine_only(
    compose: dict[str, Any], name: str
) -> None:
    service = compose["services"][name]
    assert {"test", "interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])
    assert {"cpus", "memory"} <= set(service["deploy"]["resources"]["limits"])
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_what_must_last_is_on_volumes(compose: dict[str, Any]) -> None:
    mounted = [each for name in ("kafka", "neo4j") for each in compose["services"][name]["volumes"]]
    assert {each.partition(":")[0] for each in mounted} == set(compose["volumes"])


def test_no_password_is_written_in_it() -> None:
    text = (REPOSITORY / "compose.yaml").read_text()
    for line in re.findall(r"^.*(?:PASSWORD|AUTH|_KEY).*$", text, re.MULTILINE):
        assert re.search(r"\$\{\w+:\?", line), line


def test_the_image_builds_from_pinned_bases_in_stages_and_runs_without_root() -> None:
    text = (REPOSITORY / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(bases) == 2
    assert all(re.search(r":\d+\.\d+\.\d+-", base) for base in bases)
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE)[-1] not in {"0", "root"}
    assert "--require-hashes" in text
