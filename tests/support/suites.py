"""Suites of a hub, as its admin's browser would use them, without a browser."""

import uuid
from typing import Any

import httpx

from tests.support.hub import Hub
from tests.support.waiting import eventually

SECONDS = 60.0


class Suites:
    """The pages of suites over HTTP. Addresses of suites and runs are what they return."""

    def __init__(self, hub: Hub) -> None:
        self.client = hub.admin_login()

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form; the answer is a redirect."""
        answer = self.client.post(path, data=fields)
        assert answer.status_code == 302, answer.text
        return answer

    def suite(self, *models: str, prompt: str = "", rows: str = "", **fields: str) -> str:
        """The address of a new suite with these models, and rows as CSV."""
        made = self.post("/suites/new/", name=f"Suite {uuid.uuid4().hex[:6]}")
        address = made.headers["location"]
        for model in models:
            self.post(f"{address}models/new/", model=model)
        if fields or prompt:
            self.post(f"{address}change/", prompt=prompt, **fields)
        if rows:
            self.post(f"{address}import/", text=rows, mode="replace")
        return address

    def claim(self, address: str, kind: str, value: str) -> None:
        """Add an assertion for all rows."""
        self.post(f"{address}assertions/", type=kind, value=value)

    def start(self, address: str) -> str:
        """The address of a new run."""
        return self.post(f"{address}run/").headers["location"]

    def run(self, address: str) -> dict[str, Any]:
        """Run a suite to its end."""
        return self.ended(self.start(address))

    def ended(self, run: str) -> dict[str, Any]:
        """A run's results once it has ended."""
        eventually(lambda: "HX-Retarget" in self.progress(run).headers, "the end", SECONDS)
        return self.results(run)

    def progress(self, run: str) -> httpx.Response:
        """What a page that looks on is told."""
        answer = self.client.get(f"{run}progress/", headers={"HX-Request": "true"})
        assert answer.status_code == 200, answer.text
        return answer

    def results(self, run: str) -> dict[str, Any]:
        """A run as JSON."""
        answer = self.client.get(f"{run}export/", params={"format": "json"})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def outcomes(results: dict[str, Any]) -> list[str]:
    """How each cell of a run stands, row by row."""
    return [cell["result"] for cell in results["cells"]]
