"""The official Segment SDKs send to a server of ours as they send to Segment's, and every event arrives."""

import json
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from segment.analytics.client import Client

from tests.integration.serving_process import ROOT, Serving
from tests.services.artefacts import cache_directory
from tests.services.locks import locked

NODE_SDK = "@segment/analytics-node@3.1.0"
ONCE_EACH = ("identify", "page", "screen", "group", "alias")


@pytest.fixture(scope="module")
def node_sdk() -> Path:
    """The folder of the Node SDK, installed at the first use."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        _not_tested("there is no node and npm in the path (Node 20 or later is needed)")
    cache = cache_directory().parent / "node"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / NODE_SDK.rpartition("/")[2]
    with locked(cache / "npm.lock"):
        if not folder.exists():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        command = [
            "npm",
            "install",
            "--prefix",
            f"{scratch}/sdk",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            NODE_SDK,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            _not_tested(f"npm could not install {NODE_SDK}: {done.stderr[-400:]}")
        # Only a whole installation gets the name by which others find it.
        (Path(scratch) / "sdk").rename(folder)


def _not_tested(reason: str) -> None:
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(f"NOT TESTED, {reason}")
    pytest.fail(f"NOT TESTED, {reason}", pytrace=False)


def arrived(server: Serving, source: str) -> Counter[str]:
    """How many events of each type the store holds from one source."""
    messages = [json.loads(event.content) for event in server.events() if event.key.source == source]
    return Counter(message["type"] for message in messages)


def assert_one_profile(server: Serving, name: str) -> None:
    """One golden profile is found by each of its identifiers."""
    with server.client() as client:
        ways = [f"user_id:u-{name}", f"email:{name}@shop.example", f"anonymous_id:a-{name}"]
        found = [client.get("/v1/persons", params={"identifier": way}).json() for way in ways]
    assert len({profile["person_id"] for profile in found}) == 1
    assert {held["namespace"] for held in found[0]["identifiers"]} == {"user_id", "email", "anonymous_id"}
    assert found[0]["attributes"]["firstName"]["value"] == "Ana"


@pytest.mark.parametrize("packed", [False, True])
def test_every_event_of_the_python_sdk_arrives(server: Serving, packed: bool) -> None:
    name = "packed" if packed else "plain"
    failures: list[object] = []
    sdk = Client(
        name,
        host=server.url,
        gzip=packed,
        upload_size=20,
        upload_interval=0.1,
        on_error=lambda error, items: failures.append(error),
    )
    user, anonymous = f"u-{name}", f"a-{name}"
    sdk.track(anonymous_id=anonymous, event="Product Viewed", properties={"product_id": "p"})
    sdk.identify(user, {"email": f"{name}@shop.example", "firstName": "Ana"}, anonymous_id=anonymous)
    sdk.page(user, name="Home")
    sdk.screen(user, name="Home")
    sdk.group(user, "g")
    sdk.alias(f"old-{name}", user)
    for number in range(50):
        sdk.track(user, "Product Viewed", {"product_id": f"p-{number}"})
    sdk.flush()
    sdk.join()
    assert failures == []
    assert arrived(server, name) == Counter({"track": 51, **dict.fromkeys(ONCE_EACH, 1)})
    assert server.dead_letters() == []
    assert_one_profile(server, name)


def test_every_event_of_the_node_sdk_arrives(server: Serving, node_sdk: Path) -> None:
    script = ROOT / "tests" / "integration" / "send_by_node.cjs"
    command = ["node", str(script), str(node_sdk), server.url, "node"]
    sent = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (sent.returncode, sent.stderr) == (0, "")
    assert arrived(server, "node") == Counter({"track": 51, **dict.fromkeys(ONCE_EACH, 1)})
    assert server.dead_letters() == []
    assert_one_profile(server, "node")
