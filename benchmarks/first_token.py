"""`python -m benchmarks.first_token`: is a column's first token there as soon as a direct call's?

Prompts are run in the compare page in headless Chromium, and the same model is called directly at
the simulated provider, in turn. The page's time is from the click on Run to the first text in the
column. Prints the percentiles; exits with 1 if p95 in the column is more than 50 ms above.
"""

import argparse
import http.client
import json
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page

from benchmarks import cores, upstream
from benchmarks.figures import percentile
from benchmarks.page import opened, wait
from benchmarks.servers.base import Stage
from benchmarks.servers.hub import Hub
from benchmarks.upstream import Address

LIMIT_MS = 50.0
UPSTREAM_MODEL = "sim-swift:ttft=200,jitter=0,tps=100,tokens=20"

# Notes the time of each click, and of the first text in one answer more than `expect` has counted.
WATCH = """() => {
  const texts = () => [...document.querySelectorAll(".answer-text")].filter((t) => t.textContent);
  let before = 0;
  window.expect = () => { before = texts().length; window.firstToken = { clicked: 0, shown: 0 }; };
  document.addEventListener("click", () => (window.firstToken.clicked = performance.now()), true);
  new MutationObserver(() => {
    const seen = window.firstToken;
    if (seen?.clicked && !seen.shown && texts().length > before) seen.shown = performance.now();
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
PROMPT = "echo: one two three four five six seven eight nine ten"  # no Markdown signs first
SHOWN = "() => window.firstToken?.shown > 0"
AT_REST = (
    """() => document.querySelector(".answer.is-newest")?.getAttribute("aria-busy") === "false" """
)


def main() -> int:
    """Do it all, print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_token", description=__doc__)
    parser.add_argument("--runs", type=int, default=40)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="llmhub-bench-") as name:
        folder = Path(name)
        where = cores.assign(pinned=False)
        simulator, there = upstream.start(folder / "simulator.log", where.upstream)
        hub = Hub()
        try:
            process, address = hub.start(Stage(where.server, folder, there, simulator))
            try:
                made = hub.data("comparison", f"simulator/{UPSTREAM_MODEL}", "1")
                with opened(f"http://127.0.0.1:{address.port}", made) as page:
                    page.evaluate(WATCH)
                    pairs = [(_direct_ms(there), _in_column_ms(page)) for _ in range(runs)]
            finally:
                process.stop()
        finally:
            simulator.stop()
    direct, column = (sorted(times) for times in zip(*pairs, strict=True))
    for title, times in (("direct call", direct), ("column", column)):
        figures = ", ".join(f"p{n} {percentile(times, n / 100):.0f} ms" for n in (50, 95))
        print(f"first token, {title}: {figures}, longest {times[-1]:.0f} ms")
    added = percentile(column, 0.95) - percentile(direct, 0.95)
    print(f"added at p95: {added:.0f} ms")
    return 1 if added > LIMIT_MS else 0


def _direct_ms(there: Address) -> float:
    """From sending the request to the first piece of the answer's text."""
    connection = http.client.HTTPConnection(there.host, there.port, timeout=30)
    messages = [{"role": "user", "content": PROMPT}]
    body = json.dumps({"model": UPSTREAM_MODEL, "messages": messages, "stream": True})
    began = time.perf_counter()
    connection.request("POST", there.path, body, {"content-type": "application/json"})
    response = connection.getresponse()
    for line in response:
        if b'"content":"' in line and b'"content":""' not in line:
            break
    elapsed = (time.perf_counter() - began) * 1000
    connection.close()
    return elapsed


def _in_column_ms(page: Page) -> float:
    page.get_by_role("textbox", name="Prompt").fill(PROMPT)
    page.evaluate("() => window.expect()")
    page.get_by_role("button", name="Run", exact=True).click()
    wait(page, SHOWN)
    wait(page, AT_REST)
    clicked, shown = page.evaluate("() => [window.firstToken.clicked, window.firstToken.shown]")
    return float(shown - clicked)


if __name__ == "__main__":
    sys.exit(main())
