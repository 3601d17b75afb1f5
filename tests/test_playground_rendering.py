"""What an answer can be made of, and how it is shown: never as more than text."""

import re

from playwright.sync_api import Page, expect

from tests.support.browser import Problems
from tests.support.compare_page import LONG, column, run, wait_for_end
from tests.support.hub import Hub
from tests.support.waiting import eventually

RICH = r"""echo: ## A heading

Some **bold** text for $5 and $6, with `code`.

| load | wait |
|-----:|-----:|
| 0.5  | 1 ms |

$$ W = \frac{\rho}{1 - \rho} $$

Inline \(x^2\) too.

```python
def drain(queue):
    return [item for item in queue]
```

- [x] done
- [ ] to do

![dot](data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7)
"""
HOSTILE = """echo: <script>window.hacked=1</script><img src=x: onerror=window.hacked=1>
[a](javascript:window.hacked=1) [b](JaVaScRiPt&#58;window.hacked=1) [c](data:text/html,<script>)

<svg onload=window.hacked=1><a xlink:href="javascript:window.hacked=1"><text>t</text></a></svg>
<iframe src="javascript:window.hacked=1"></iframe>
<form action="//evil.example"><input name=a></form>
<a href="https://example.com" onclick="window.hacked=1" style="position:fixed;inset:0">d</a>

![pixel](https://evil.example/pixel.png) <img src="//evil.example/2.png">
<style>*{display:none}</style>
$\\href{javascript:window.hacked=1}{x}$ $\\includegraphics{https://evil.example/3.png}$

<details ontoggle=window.hacked=1 open><summary>e</summary></details> <base href="//evil.example/">
"""

# As pasting does; typing so much takes Playwright minutes.
PUT = """(box, text) => {
  box.value = text;
  box.dispatchEvent(new InputEvent("input", { bubbles: true }));
}"""


def test_markdown_code_tables_formulas_and_pictures(page: Page) -> None:
    page.goto("/")
    run(page, RICH)
    wait_for_end(page, 1, 2)
    log = column(page, 1).get_by_role("log")
    expect(log.get_by_role("heading", name="A heading")).to_be_visible()
    expect(log.get_by_role("cell", name="1 ms")).to_be_visible()
    expect(log.locator(".katex")).to_have_count(2)
    expect(log).to_contain_text("for $5 and $6, with")
    expect(log.locator("pre code span").first).to_be_visible()
    expect(log.get_by_role("checkbox", name="to do")).not_to_be_checked()
    shown = log.get_by_role("img", name="dot").evaluate("img => img.decode().then(() => true)")
    assert shown
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    log.get_by_role("button", name="Copy").click()
    expect(log.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "def drain(queue):\n    return [item for item in queue]\n"


def test_hostile_answer_does_nothing_and_asks_nobody(page: Page, page_problems: Problems) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/")
    run(page, HOSTILE)
    wait_for_end(page, 1, 2)
    log = column(page, 1).get_by_role("log")
    expect(log.get_by_text("Image: pixel")).to_be_visible()
    elements = "script, style, iframe, form, svg, base"
    attributes = "[onerror], [onclick], [onload], [ontoggle], [style*=fixed]"
    assert log.locator(f"{elements}, {attributes}").count() == 0
    links = log.locator("a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert not [href for href in links if href and re.match(r"(?i)\s*(javascript|data):", href)]
    assert not [url for url in asked if "evil.example" in url]
    assert page.evaluate("window.hacked") is None
    page_problems.clear()  # pictures that were looked for here, at the hub


def test_reasoning_is_closed_runs_a_clock_and_stays_as_the_person_set_it(page: Page) -> None:
    page.goto("/")
    box = column(page, 1).get_by_role("combobox", name="Model")
    box.fill("sim-thinker")
    expect(page.get_by_role("option", name="sim-thinker")).to_be_visible()
    box.press("Enter")
    run(page, "How do queues work?")
    reasoning = column(page, 1).locator("details", has_text="Th")
    expect(reasoning).to_contain_text(re.compile(r"Thinking… \d"), timeout=LONG)
    assert not reasoning.evaluate("block => block.open")
    reasoning.locator("summary").click()
    expect(reasoning).to_contain_text("The question is about")
    expect(reasoning).to_contain_text(re.compile(r"Thought for \d+\.\d s"), timeout=LONG)
    wait_for_end(page, 1)
    assert reasoning.evaluate("block => block.open")
    reasoning.locator("summary").click()
    column(page, 1).get_by_role("button", name="Retry").click()
    expect(reasoning).to_contain_text(re.compile(r"Thinking… \d"), timeout=LONG)
    assert not reasoning.evaluate("block => block.open")
    column(page, 1).get_by_role("button", name="Stop").click()
    expect(column(page, 1).get_by_text("Stopped")).to_be_visible()


def test_answer_of_200_000_tokens_is_shown_whole_and_the_page_stays_at_hand(
    page: Page, hub: Hub
) -> None:
    hub.import_config(
        """
        [models.endless]
        deployments = [{ provider = "simulator", model = "sim-swift:ttft=1,tps=0" }]
        """
    )
    with hub.admin_login() as browser:
        eventually(lambda: "endless" in browser.get("/").text, "the new model")
    page.goto("/")
    column(page, 2).get_by_role("button", name="Column menu").click()
    page.get_by_role("menuitem", name="Remove").click()
    box = page.get_by_role("combobox", name="Model")
    expect(box).to_have_count(1)
    box.fill("endless")
    expect(page.get_by_role("option", name="endless")).to_be_visible()
    box.press("Enter")
    prompt = page.get_by_role("textbox", name="Prompt")
    prompt.evaluate(PUT, "echo: " + ("word " * 99 + "end.\n\n") * 2000)
    prompt.press("Control+Enter")
    log = column(page, 1).get_by_role("log")
    expect(log).to_contain_text("word", timeout=LONG)
    page.get_by_role("button", name="View").click(timeout=2000)
    page.keyboard.press("Escape")
    expect(column(page, 1).get_by_role("button", name="Retry")).to_be_visible(timeout=120_000)
    output = column(page, 1).locator("[data-metric=output_tokens]")
    assert int(str(output.get_attribute("data-value"))) >= 200_000
    whole = "log => (log.textContent.match(/word/g) ?? []).length"
    while (shown := log.evaluate(whole)) < 99 * 2000:
        page.wait_for_timeout(100)
    assert shown == 99 * 2000
