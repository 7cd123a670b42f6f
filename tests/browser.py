"""A real Chromium for tests and screenshots. Where there is none, tests are skipped loudly, never in CI."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path(os.environ.get("ONEFOLD_TEST_CHROMIUM", "/usr/bin/chromium"))
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
    *("--disable-component-update", "--disable-sync", "--disable-quic"),
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, closed at the end."""
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=str(CHROMIUM), args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def need_chromium() -> None:
    """Skips, or in CI fails, where there is no browser."""
    if CHROMIUM.exists():
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"there is no Chromium at {CHROMIUM}; .ci/run installs it")
    pytest.skip(f"NOT TESTED: the console in a browser; there is no Chromium at {CHROMIUM}")
