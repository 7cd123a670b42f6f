"""`compose.yaml` is one that Docker accepts: pinned, bounded, watched, with no password in it."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from graph_schema.rules import load_rules
from serving.server import check_exposure
from tests.services.offers import COLLECTOR, KAFKA_IMAGE, NEO4J_IMAGE

REPOSITORY = Path(__file__).resolve().parents[2]
SECRETS = {"ONEFOLD_ID_KEY": "id-key-1", "ONEFOLD_NEO4J_PASSWORD": "graph-password-1"}
OURS = ("server", "worker")
DOCKER_SECONDS = 60


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as it is, before variables are filled in."""
    found: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def command() -> list[str]:
    """Docker Compose: the plugin of today, else the program that it was before."""
    for words in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(words[0]):
            asked = subprocess.run([*words, "version"], capture_output=True, check=False)
            if asked.returncode == 0:
                return words
    pytest.skip("NOT TESTED: no Docker Compose here to check compose.yaml with")


def config(command: list[str], nothing: Path, secrets: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Reads our file as Docker does, without the `.env` of whoever runs the tests."""
    (nothing / "empty.env").touch()
    environment = {key: value for key, value in os.environ.items() if key not in SECRETS}
    return subprocess.run(
        [*command, "--env-file", str(nothing / "empty.env"), "config", "--quiet"],
        cwd=REPOSITORY,
        env={**environment, **secrets},
        capture_output=True,
        text=True,
        check=False,
        timeout=DOCKER_SECONDS,
    )


def test_docker_accepts_it(command: list[str], tmp_path: Path) -> None:
    checked = config(command, tmp_path, SECRETS)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_docker_refuses_it_without_a_password(command: list[str], tmp_path: Path) -> None:
    for missing in SECRETS:
        given = {name: value for name, value in SECRETS.items() if name != missing}
        checked = config(command, tmp_path, given)
        assert checked.returncode != 0
        assert missing in checked.stderr


def test_there_is_all_that_it_takes(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services.keys() == {"server", "worker", "kafka", "neo4j"}
    assert services["worker"]["deploy"]["replicas"] == 2
    assert [services[one]["command"][0] for one in OURS] == ["serve", "worker"]
    for one in OURS:
        # What comes over HTTP goes to the same broker from which the workers take it, into the same graph.
        assert services[one]["command"][services[one]["command"].index("--kafka") + 1] == "kafka:9092"
        assert services[one]["environment"]["ONEFOLD_STORE"] == "neo4j://neo4j:7687"
        needs = {name: how["condition"] for name, how in services[one]["depends_on"].items()}
        assert needs == {"kafka": "service_healthy", "neo4j": "service_healthy"}


def test_each_is_pinned_watched_and_bounded(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert name in OURS or re.search(r":\d+\.\d+\.\d+", service["image"]), name
        assert {"test", "interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"]), name
        assert {"cpus", "memory"} <= set(service["deploy"]["resources"]["limits"]), name
        assert service["restart"] == "unless-stopped", name
    for one in OURS:
        assert compose["services"][one]["read_only"]
        assert compose["services"][one]["cap_drop"] == ["ALL"]


def test_the_images_are_those_that_the_tests_run(compose: dict[str, Any]) -> None:
    images = (compose["services"]["kafka"]["image"], compose["services"]["neo4j"]["image"])
    assert images == (KAFKA_IMAGE, NEO4J_IMAGE)
    assert compose["services"]["neo4j"]["environment"]["NEO4J_server_jvm_additional"] == COLLECTOR


def test_only_the_server_is_seen_and_by_this_machine_only(compose: dict[str, Any]) -> None:
    seen = {name: service.get("ports", []) for name, service in compose["services"].items()}
    assert {name for name, ports in seen.items() if ports} == {"server"}
    assert all(port.startswith("127.0.0.1:") for port in seen["server"])
    assert compose["networks"]["inside"]["internal"]
    for name, service in compose["services"].items():
        assert service["networks"] == (["inside", "outside"] if name == "server" else ["inside"]), name


def test_what_must_last_is_on_a_volume(compose: dict[str, Any]) -> None:
    mounted = {
        volume.partition(":")[0] for service in compose["services"].values() for volume in service["volumes"]
    }
    assert set(compose["volumes"]) <= mounted
    assert compose["services"]["kafka"]["environment"]["KAFKA_LOG_DIRS"] == "/var/lib/kafka/data"
    assert compose["services"]["neo4j"]["volumes"] == ["neo4j:/data"]


def test_its_example_rules_may_be_served_beyond_this_machine() -> None:
    rules = load_rules(REPOSITORY / "rules.example.toml")
    check_exposure("0.0.0.0", rules, b"some key")


def test_no_password_is_written_in_it() -> None:
    text = (REPOSITORY / "compose.yaml").read_text()
    for line in re.findall(r"^ *\w*(?:PASSWORD|AUTH|_KEY):.*$", text, re.MULTILINE):
        assert re.search(r"\$\{\w+:\?", line), line


def test_the_image_builds_from_pinned_bases_in_stages_and_runs_without_root() -> None:
    text = (REPOSITORY / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(bases) == 2
    assert all(re.search(r":\d+\.\d+\.\d+-", base) for base in bases)
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE)[-1] not in {"0", "root"}
    assert "--require-hashes" in text
