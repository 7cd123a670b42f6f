"""The official Segment SDKs send to a server of ours as they send to Segment's, and every event arrives."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NoReturn

import pytest
from segment.analytics.client import Client

from tests.browser import chromium, need_chromium
from tests.integration.serving_process import ROOT, Serving
from tests.services.artefacts import Artefacts, cache_directory, jars, java
from tests.services.locks import locked
from tests.services.unavailable import Unavailable

SCRIPTS = ROOT / "tests" / "integration" / "sdks"
NODE_SDK = "@segment/analytics-node@3.1.0"
BROWSER_SDK = "@segment/analytics-next@1.84.3"
JAVA_SDK = Artefacts("segment-java-3.5.2", ("com.segment.analytics.java:analytics:3.5.2",))
ONCE_EACH = ("identify", "page", "screen", "group", "alias")
ALL = Counter({"track": 51, **dict.fromkeys(ONCE_EACH, 1)})
"""What each SDK sends: one customer's day."""


def by_npm(package: str) -> Path:
    """The folder of a package, installed at the first use."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        _not_tested("there is no node and npm in the path (Node 20 or later is needed)")
    cache = cache_directory().parent / "node"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / package.rpartition("/")[2]
    with locked(cache / "npm.lock"):
        if not folder.exists():
            _install(package, folder)
    return folder / "node_modules" / package.rpartition("@")[0]


def _install(package: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        command = [
            "npm",
            "install",
            "--prefix",
            f"{scratch}/sdk",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            package,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            _not_tested(f"npm could not install {package}: {done.stderr[-400:]}")
        # Only a whole installation gets the name by which others find it.
        (Path(scratch) / "sdk").rename(folder)


def _not_tested(reason: str) -> NoReturn:
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(f"NOT TESTED, {reason}")
    pytest.fail(f"NOT TESTED, {reason}", pytrace=False)


def arrived(server: Serving, source: str) -> Counter[str]:
    """How many events of each type the store holds from one source."""
    messages = [json.loads(event.content) for event in server.events() if event.key.source == source]
    return Counter(message["type"] for message in messages)


def assert_one_profile(server: Serving, name: str, anonymous: str | None = None) -> None:
    """One golden profile is found by each of its identifiers."""
    with server.client() as client:
        anonymous = anonymous or f"a-{name}"
        ways = [f"user_id:u-{name}", f"email:{name}@shop.example", f"anonymous_id:{anonymous}"]
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
    assert arrived(server, name) == ALL
    assert server.dead_letters() == []
    assert_one_profile(server, name)


def test_every_event_of_the_node_sdk_arrives(server: Serving) -> None:
    command = ["node", str(SCRIPTS / "send_by_node.cjs"), str(by_npm(NODE_SDK)), server.url, "node"]
    assert_all_sent(server, command, "node")


def test_every_event_of_the_java_sdk_arrives(server: Serving) -> None:
    try:
        command = [java(), "-cp", f"{jars(JAVA_SDK)}/*", str(SCRIPTS / "SendByJava.java")]
    except Unavailable as error:
        _not_tested(str(error))
    assert_all_sent(server, [*command, server.url, "java"], "java")


def assert_all_sent(server: Serving, command: list[str], name: str) -> None:
    """A program sends all of a customer's day, hears that it was taken, and it was."""
    sent = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
    assert (sent.returncode, sent.stderr) == (0, "")
    assert arrived(server, name) == ALL
    assert server.dead_letters() == []
    assert_one_profile(server, name)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["standard", "batching"])
def test_every_event_of_the_browser_sdk_arrives_from_a_page_elsewhere(server: Serving, strategy: str) -> None:
    need_chromium()
    folder = by_npm(BROWSER_SDK) / "dist" / "umd"
    delivery = {"strategy": strategy, "config": {"size": 7, "timeout": 200}}
    given = {"host": f"{server.url.removeprefix('http://')}/v1", "name": strategy, "delivery": delivery}
    with chromium() as browser:
        page = browser.new_page()
        # To a browser this is another site, though on the same machine: else it would not be let there.
        page.goto(server.url.replace("127.0.0.1", "localhost") + "/healthz")
        page.add_script_tag(path=folder / "index.js")
        anonymous = page.evaluate((SCRIPTS / "send_by_browser.js").read_text(encoding="utf-8"), given)
        give_up = time.monotonic() + 20
        # A batch is sent behind what the page waits for.
        while arrived(server, strategy).total() < ALL.total() and time.monotonic() < give_up:
            page.wait_for_timeout(50)
    assert arrived(server, strategy) == ALL
    assert server.dead_letters() == []
    assert_one_profile(server, strategy, anonymous)
