"""Takes docs/screenshots anew: every page of the console over the demo, light and dark, narrow and wide.

`python -m tests.screenshots [FOLDER]`
"""

import io
import sys
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page
from rich.console import Console

from serving.app import make_app
from serving.demo import played
from tests.browser import chromium
from tests.integration.running import running

FOLDER: Final = Path(__file__).parents[1] / "docs" / "screenshots"
_ANA: Final = "/console/persons/per_408Y59MVRAN7YVVT"
PAGES: Final = {
    "queue": "/console/queue",
    "filtered": "/console/queue?namespace=email&least=20&q=example",
    "case": "",
    "pair": "/console/pair?a=user_id:u-2001&b=user_id:u-2002",
    "person": _ANA,
    "timeline": f"{_ANA}/timeline",
    "records": f"{_ANA}/records",
    "split": f"{_ANA}/split?record=email/sub-17",
    "how": f"{_ANA}/how",
    "graph": f"{_ANA}/graph",
    "erase": f"{_ANA}/erase",
    "decided": "/console/decided?only=all",
    "search": "/console/search?q=jeane+morell",
    "merges": "/console/changes",
    "audit": "/console/audit",
    "values": "/console/values",
    "health": "/console/health",
    "patterns": "/console/patterns",
    "sign-in": "/console/sign-in",
}
SIZES: Final = {"wide": (1120, 700), "narrow": (360, 780)}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


def main(folder: Path) -> None:
    """Plays the demo, does some of a steward's work, and takes every page."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        played(Console(file=io.StringIO())) as day,
        running(make_app(day.engine)) as url,
        chromium() as browser,
    ):
        _work(browser, url)
        for scheme in SCHEMES:
            for size, (width, height) in SIZES.items():
                context = browser.new_context(
                    color_scheme=scheme, viewport={"width": width, "height": height}, reduced_motion="reduce"
                )
                page = context.new_page()
                for name, path in PAGES.items():
                    _take(page, url, path, folder / f"{name}-{size}-{scheme}.png")
                context.close()


def _work(browser: Browser, url: str) -> None:
    """Two answers, one of them taken back, so that the pages of what was done have something to show."""
    page = browser.new_page()
    page.goto(f"{url}/console/queue")
    for key in "nsdu":
        with page.expect_navigation():
            page.keyboard.press(key)
    page.goto(f"{url}/console/health")
    page.close()


def _take(page: Page, url: str, path: str, file: Path) -> None:
    page.goto(url + (path or "/console/queue"))
    if not path:
        with page.expect_navigation():
            page.locator(".cases a").first.click()
    if "graph" in path:
        page.wait_for_selector(".graph svg rect")
    page.screenshot(path=file)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
