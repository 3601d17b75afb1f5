"""Chromium, and what a page did wrong while a test looked at it."""

import os
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from tests.support.process import ROOT

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
_AXE = ROOT / "node_modules/axe-core/axe.min.js"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable() -> str | None:
    """Chromium's program: the one that CHROMIUM names, or the first found on PATH."""
    given = os.environ.get("CHROMIUM")
    return given or next(filter(None, map(shutil.which, _NAMES)), None)


class Problems(list[str]):
    """Errors in a page's console, uncaught exceptions and answers of 400 and above.

    A test that provokes one calls `clear()` after looking at it.
    """

    def watch(self, page: Page) -> None:
        """Collect from this page."""
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.append(f"uncaught: {error}"))
        page.on("crash", lambda _: self.append("the page crashed"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.append(f"{message.text} ({message.location.get('url', '')})")


def sign_in(context: BrowserContext, url: str, cookies: Any) -> None:
    """Give a browser context the cookies of someone who signed in at `url`."""
    context.add_cookies([{"name": c.name, "value": c.value, "url": url} for c in cookies.jar])


def accessibility_violations(page: Page, **options: Any) -> list[dict[str, Any]]:
    """What axe-core holds against the page as it is now, most of WCAG 2.2 AA.

    `options` are those of `axe.run`. It is evaluated by the debugger, so the page's CSP stays on.
    """
    page.evaluate(Path(_AXE).read_text())
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        {
            "id": violation["id"],
            "impact": violation["impact"],
            "help": violation["help"],
            "nodes": [node["target"] for node in violation["nodes"]],
        }
        for violation in found["violations"]
    ]


def axe_is_installed() -> bool:
    """Whether the development libraries of npm are there."""
    return _AXE.is_file()
