"""Get code: what the dialog shows is run, and asks the model what the column asked it."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.compare_page import LONG, column, run, wait_for_end
from tests.support.hub import Hub
from tests.support.pictures import png
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

TEXT = '\ufeffa "quoted" $HOME `date` \\n\n```\nfence\n```'
PROMPT = "echo: {{greeting}}, it's 5 o'clock \\ $PATH `whoami` \u2028 \U0001f600"
# In place of the SDK, which is not among the libraries of the page: it sends what it is given.
SDK_IN_JAVASCRIPT = """
export default class OpenAI {
  constructor({ baseURL, apiKey }) {
    const create = async (body, { headers = {} } = {}) => {
      const answer = await fetch(`${baseURL}/chat/completions`, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${apiKey}`, "Content-Type": "application/json", ...headers
        },
        body: JSON.stringify(body),
      });
      return answer.json();
    };
    this.chat = { completions: { create } };
  }
}
"""


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Code")


@pytest.fixture
def model(hub: Hub) -> str:
    """A model of the test's own, so that its last request can be told from others."""
    name = f"code-{uuid.uuid4().hex[:8]}"
    upstream = f"sim-swift:ttft=1.{uuid.uuid4().int % 10**6}"
    hub.import_config(
        f'[models.{name}]\ndeployments = [{{ provider = "simulator", model = "{upstream}" }}]'
    )
    with hub.admin_login() as browser:
        eventually(lambda: name in browser.get("/").text, "the new model")
    return name


@pytest.fixture
def asked(page: Page, hub: Hub, model: str, simulator: Simulator) -> Callable[[], dict[str, Any]]:
    """What the model was asked last, as the upstream got it."""
    (deployment,) = hub.query(
        "select d.upstream_model as name from providers_deployment d"
        " join providers_modelmap m on m.id = d.model_map_id where m.name = %s",
        model,
    )

    def last() -> dict[str, Any]:
        address = f"{simulator.url}/_sim/last"
        said = httpx.get(address, params={"model": deployment["name"]}, timeout=10).json()
        return {k: v for k, v in said["body"].items() if k not in {"stream", "stream_options"}}

    return last


def choose(page: Page, number: int, model: str) -> None:
    box = column(page, number).get_by_role("combobox", name="Model")
    box.fill(model)
    expect(page.get_by_role("option", name=model)).to_be_visible()
    box.press("Enter")
    expect(column(page, number, model)).to_be_visible()


def give_settings(page: Page) -> None:
    """A system prompt, parameters that the SDK knows and one that it does not, a tool, a schema."""
    column(page, 1).get_by_role("button", name="Column menu").click()
    page.get_by_role("menuitem", name="Parameters and system prompt…").click()
    dialog = page.get_by_role("dialog", name="Column 1")
    dialog.get_by_role("textbox", name="System prompt").fill('Say "it\'s" $5 \\ in\ntwo lines.')
    dialog.get_by_role("spinbutton", name="Temperature").fill("0.25")
    for section in ("Tools", "JSON schema"):
        dialog.locator("summary", has_text=section).click()
    tool = {
        "name": "look_up",
        "parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
    }
    dialog.get_by_role("textbox", name="Tool definitions").fill(json.dumps(tool))
    dialog.get_by_role("combobox", name="The model").select_option("none")
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    dialog.get_by_role("textbox", name="Schema of the answer").fill(json.dumps(schema))
    dialog.get_by_role("textbox", name="Other parameters").fill('{"top_k": 3, "x-y": [true, null]}')
    dialog.get_by_role("button", name="Save").click()


def add_files(page: Page, *files: tuple[str, bytes]) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add files").click()
    chooser.value.set_files([{"name": n, "mimeType": "", "buffer": c} for n, c in files])
    for name, _ in files:
        expect(page.get_by_role("button", name=f"Remove {name}").first).to_be_visible()


def code(page: Page, language: str, folder: Path) -> str:
    """The code of column 1; the files that it reads are put into `folder`."""
    column(page, 1).get_by_role("button", name="Column menu").click()
    page.get_by_role("menuitem", name="Get code…").click()
    dialog = page.get_by_role("dialog", name="Code for")
    dialog.get_by_role("radio", name=language).check()
    for link in dialog.get_by_role("link").all():
        if "/attachments/" in str(link.get_attribute("href")):
            with page.expect_download() as download:
                link.click()
            download.value.save_as(folder / download.value.suggested_filename)
    text = dialog.locator("code").evaluate("code => code.textContent")
    dialog.get_by_role("button", name="Close").click()
    return str(text)


def execute(language: str, text: str, folder: Path) -> None:
    """Run the code as a person would, in the folder that its pictures are in."""
    if language == "JavaScript":
        sdk = folder / "node_modules/openai"
        sdk.mkdir(parents=True)
        (sdk / "package.json").write_text('{"type": "module", "main": "index.js"}')
        (sdk / "index.js").write_text(SDK_IN_JAVASCRIPT)
    ending, program = {
        "curl": ("sh", ["sh"]),
        "Python": ("py", [sys.executable]),
        "JavaScript": ("mjs", ["node"]),
    }[language]
    script = folder / f"code.{ending}"
    script.write_text(text)
    done = subprocess.run(
        [*program, script.name],
        cwd=folder,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr + text
    assert done.stdout.strip()


def calls_from_outside(hub: Hub, model: str) -> list[str]:
    """How the calls of programs to a model ended."""
    return [str(call["status"]) for call in hub.calls(model=model, source="api")]


@pytest.mark.parametrize("language", ["Python", "JavaScript", "curl"])
def test_code_asks_what_the_column_asked(
    page: Page,
    hub: Hub,
    model: str,
    key: str,
    asked: Callable[[], dict[str, Any]],
    language: str,
    tmp_path: Path,
) -> None:
    page.goto("/")
    choose(page, 1, model)
    give_settings(page)
    add_files(page, ("it's a photo.png", png(2, 2)), ("notes.txt", TEXT.encode()))
    page.get_by_role("textbox", name="Prompt").fill(PROMPT)
    page.get_by_role("textbox", name="greeting").fill("Good {{day}}")
    page.get_by_role("button", name="Run", exact=True).click()
    wait_for_end(page, 1)
    add_files(page, ("it's a photo.png", png(3, 3)))
    run(page, "echo: and again")
    expect(column(page, 1).get_by_role("article")).to_have_count(2)
    wait_for_end(page, 1)
    expected = asked()
    text = code(page, language, tmp_path)
    execute(language, text.replace("YOUR_HUB_KEY", key), tmp_path)
    assert calls_from_outside(hub, model) == ["success"]
    assert asked() == expected
    assert len(json.dumps(expected)) > 1000


def test_code_of_a_prompt_not_sent_yet_holds_what_will_be_sent(
    page: Page, hub: Hub, model: str, key: str, asked: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    page.goto("/")
    choose(page, 1, model)
    add_files(page, ("photo.png", png(2, 2)))
    page.get_by_role("textbox", name="Prompt").fill("echo: {{who}} is first")
    page.get_by_role("textbox", name="who").fill("Ada")
    text = code(page, "curl", tmp_path)
    execute("curl", text.replace("YOUR_HUB_KEY", key), tmp_path)
    assert calls_from_outside(hub, model) == ["success"]
    before = asked()
    page.get_by_role("button", name="Run", exact=True).click()
    wait_for_end(page, 1)
    assert asked() == before
    assert "Ada is first" in json.dumps(before)


@pytest.mark.parametrize("language", ["Python", "curl"])
def test_code_goes_on_after_the_results_of_tools(
    page: Page,
    hub: Hub,
    model: str,
    key: str,
    asked: Callable[[], dict[str, Any]],
    language: str,
    tmp_path: Path,
) -> None:
    page.goto("/")
    choose(page, 1, model)
    column(page, 1).get_by_role("button", name="Column menu").click()
    page.get_by_role("menuitem", name="Parameters and system prompt…").click()
    dialog = page.get_by_role("dialog", name="Column 1")
    dialog.locator("summary", has_text="Tools").click()
    dialog.get_by_role("button", name="Add calculator").click()
    dialog.get_by_role("button", name="Save").click()
    run(page, "Use the calculator.")
    send = column(page, 1).get_by_role("button", name="Send results")
    send.click(timeout=LONG)
    expect(column(page, 1).get_by_text("Called calculator")).to_be_visible(timeout=LONG)
    wait_for_end(page, 1)
    expected = asked()
    text = code(page, language, tmp_path)
    execute(language, text.replace("YOUR_HUB_KEY", key), tmp_path)
    assert calls_from_outside(hub, model) == ["success"]
    assert asked() == expected
    assert expected["messages"][-1]["role"] == "tool"


def test_code_says_so_when_its_files_cannot_be_read(page: Page, page_problems: list[str]) -> None:
    page.goto("/")
    add_files(page, ("notes.txt", b"read me"))
    page.get_by_role("textbox", name="Prompt").fill("echo: with notes")
    page.route("**/attachments/*/", lambda route: route.abort())
    column(page, 1).get_by_role("button", name="Column menu").click()
    page.get_by_role("menuitem", name="Get code…").click()
    expect(page.get_by_text("The files of this prompt could not be read.").last).to_be_visible()
    expect(page.get_by_role("dialog", name="Code for")).to_be_hidden()
    page_problems.clear()  # the file that could not be read
