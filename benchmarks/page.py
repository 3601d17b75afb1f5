"""`python -m benchmarks.page`: does the compare page stay smooth while all columns stream?

One run of some columns at a set number of tokens a second in headless Chromium; the answers are
full of Markdown, code, tables and formulas. Prints the page's long tasks, its frames a second and
its memory. Exits with 1 if a column does not show its whole answer or does not keep to its end, or
if a task after the first second took longer than 50 ms. `--minutes` then asks all columns the same
prompt again until the time is up; what is shown stays the same, so memory has to as well, or it
exits with 1.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, ViewportSize, sync_playwright

from benchmarks import cores, page_memory, upstream
from benchmarks.servers.base import Stage
from benchmarks.servers.hub import Hub
from tests.support import browser

SETTLED_MS = 1000
LONG_TASK_MS = 50
PATIENCE_S = 600
LOOK_MS = 250  # looking is work for the page too
VIEWPORT: ViewportSize = {"width": 1600, "height": 900}

PART = """\
## Part {n}: what a queue is for

A *queue* holds what **arrived** until somebody has time, so `{n}` producers never wait for a slow
consumer. See [the notes](https://example.com/{n}) for more.

1. Choose a size; an endless queue only hides the trouble.
2. Decide what is dropped when it is full:
   - the oldest, if only the newest counts;
   - the newest, if order counts.
3. Measure how long things lie in it.

Little's law says that $L_{n} = \\lambda W_{n}$, and for a single server

$$
W_{n} = \\frac{{\\rho}}{{\\mu (1 - \\rho)}}, \\qquad \\rho = \\frac{{\\lambda}}{{\\mu}} = 0.{n}
$$

```python
def drain(queue: list[int], most: int = {n}) -> list[int]:
    # Takes at most so many from the front.
    taken, queue[:] = queue[:most], queue[most:]
    return [item * 2 for item in taken if item % {n} == 0]
```

| load | wait | length {n} |
|-----:|-----:|-----------:|
| 0.5  | 1 ms | 0.5        |
| 0.9  | 9 ms | 8.1        |

> A queue that is always full is a buffer that does nothing but delay.

"""

# Set before the page's own scripts: from here on all long tasks and frames are noted.
OBSERVER = """
window.bench = { tasks: [], frames: [] };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.bench.tasks.push([entry.startTime, entry.duration]);
}).observe({ type: "longtask", buffered: true });
const tick = (now) => { window.bench.frames.push(now); requestAnimationFrame(tick); };
requestAnimationFrame(tick);
"""
TEXTS = (
    """() => [...document.querySelectorAll('[role=log]')].map((log) => log.textContent.length)"""
)
# Whether each column in the window shows the end of its text, as it has to while nobody scrolls.
AT_END = """() => [...document.querySelectorAll('[data-part=scroll]')]
  .filter((node) => node.getBoundingClientRect().left < innerWidth)
  .every((node) => node.scrollHeight - node.clientHeight - node.scrollTop < 30)"""
STARTED = """() => [...document.querySelectorAll('[role=log]')].some((log) => log.textContent)"""
BEGUN = """() => [...document.querySelectorAll('.answer.is-newest')]
  .some((a) => a.getAttribute('aria-busy') === 'true')"""
ENDED = """(columns) => {
  const answers = [...document.querySelectorAll('.answer.is-newest')];
  return answers.length === columns && answers.every((a) => a.getAttribute('aria-busy') === 'false')
}"""


def main() -> int:
    """Do it all, print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--rate", type=int, default=100, help="tokens a second in each column")
    parser.add_argument("--parts", type=int, default=12, help="length; one part is ~300 tokens")
    parser.add_argument("--runs", type=int, default=1, help="prompts, one after the other")
    parser.add_argument("--minutes", type=float, default=0, help="then retry all for so long")
    parser.add_argument("--trace", type=Path, help="write the browser's trace here")
    options = parser.parse_args()
    model = f"simulator/sim-swift:ttft=200,jitter=0.1,tps={options.rate}"
    prompt = "echo: " + "".join(
        PART.replace("{{", "{").replace("}}", "}").replace("{n}", str(n))
        for n in range(1, options.parts + 1)
    )
    with tempfile.TemporaryDirectory(prefix="llmhub-bench-") as name:
        folder = Path(name)
        where = cores.assign(pinned=False)
        simulator, there = upstream.start(folder / "simulator.log", where.upstream)
        hub = Hub()
        try:
            process, address = hub.start(Stage(where.server, folder, there, simulator))
            try:
                made = hub.data("comparison", model, str(options.columns))
                with opened(f"http://127.0.0.1:{address.port}", made) as page:
                    return _measure(page, prompt, options)
            finally:
                process.stop()
        finally:
            simulator.stop()


@contextmanager
def opened(url: str, made: dict[str, Any]) -> Iterator[Page]:
    """A comparison's page in headless Chromium, loaded and at rest."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser.executable(), args=browser.ARGUMENTS
        )
        context = chromium.new_context(viewport=VIEWPORT)
        context.add_cookies([{"name": "llmhub_session", "value": made["session"], "url": url}])
        page = context.new_page()
        page.add_init_script(OBSERVER)
        page.goto(url + made["path"])
        page.get_by_role("textbox", name="Prompt").wait_for()
        page.wait_for_timeout(2000)
        yield page
        chromium.close()


def _measure(page: Page, prompt: str, options: argparse.Namespace) -> int:
    print(f"loading: long tasks {_said(page.evaluate('bench.tasks'))}")
    failures = 0
    for run in range(options.runs):
        debugger = page.context.new_cdp_session(page)
        if options.trace:
            _start_trace(debugger)
        failures += _run(page, prompt, options.columns, run + 1)
        if options.trace:
            options.trace.write_text(json.dumps(_end_trace(page, debugger)))
    if options.minutes:
        failures += page_memory.endure(
            page, lambda: _retry_all(page, options.columns), options.minutes
        )
    return 1 if failures else 0


def _retry_all(page: Page, columns: int) -> None:
    page.get_by_role("button", name="Retry all").click()
    wait(page, BEGUN)
    wait(page, ENDED, columns)
    page.wait_for_timeout(1500)  # notes go away, code gets its colours


def _run(page: Page, prompt: str, columns: int, number: int) -> int:
    page.get_by_role("textbox", name="Prompt").fill(prompt)
    page.evaluate("() => { bench.tasks = []; bench.frames = []; }")
    page.get_by_role("button", name="Run", exact=True).click()
    wait(page, STARTED)
    began = page.evaluate("performance.now()")
    page.wait_for_timeout(2 * SETTLED_MS)
    followed = page.evaluate(AT_END)
    wait(page, ENDED, columns)
    ended = page.evaluate("performance.now()")
    page.wait_for_timeout(1000)
    tasks = [(start - began, length) for start, length in page.evaluate("bench.tasks")]
    late = [task for task in tasks if task[0] > SETTLED_MS]
    frames = [t for t in page.evaluate("bench.frames") if began < t < ended]
    slowest = max(b - a for a, b in pairwise(frames))
    shown = page.evaluate(TEXTS)[-columns:]
    whole = len(set(shown)) == 1 and shown[0] > len(prompt) // 2
    heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
    print(
        f"run {number}: {(ended - began) / 1000:.0f} s, "
        f"{len(frames) / (ended - began) * 1000:.0f} frames/s, longest frame {slowest:.0f} ms, "
        f"heap {heap:.0f} MB, {shown[0]:,} characters shown in each: "
        f"{'whole' if whole else f'NOT WHOLE {shown}'}"
        f"{'' if followed else ', NOT FOLLOWED'}\n"
        f"  long tasks in the first second {_said(tasks[: len(tasks) - len(late)])}, "
        f"later {_said(late)}"
    )
    return (not whole) + (not followed) + bool(late)


def wait(page: Page, condition: str, argument: Any = None) -> None:
    """Wait until a condition in the page holds.

    Playwright's own wait_for_function evaluates strings in the page, which its policy forbids.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not page.evaluate(condition, argument):
        if time.monotonic() > deadline:
            raise TimeoutError(f"never came true: {condition}")
        page.wait_for_timeout(LOOK_MS)


def _said(tasks: list[tuple[float, float]]) -> str:
    return (
        ", ".join(f"{length:.0f} ms at {start / 1000:.1f} s" for start, length in tasks) or "none"
    )


def _start_trace(debugger: CDPSession) -> None:
    categories = [
        "devtools.timeline",
        "v8.execute",
        "disabled-by-default-v8.cpu_profiler",
        "disabled-by-default-devtools.timeline",
        "toplevel",
        "blink.user_timing",
        "v8",
    ]
    debugger.send(
        "Tracing.start",
        {"traceConfig": {"includedCategories": categories}, "transferMode": "ReportEvents"},
    )


def _end_trace(page: Page, debugger: CDPSession) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    done: list[bool] = []
    debugger.on("Tracing.dataCollected", lambda data: events.extend(data["value"]))
    debugger.on("Tracing.tracingComplete", lambda _: done.append(True))
    debugger.send("Tracing.end")
    while not done:
        page.wait_for_timeout(100)
    return events


if __name__ == "__main__":
    sys.exit(main())
