"""Files and variables in the compare page: added, refused in words, sent, shown again."""

import json
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.browser import Problems
from tests.support.compare_page import LONG, answer, column, run, wait_for_end
from tests.support.hub import Hub
from tests.support.pictures import png
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

DROP = """(target, [name, type, text]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], name, { type }));
  target.dispatchEvent(new DragEvent("dragover", { dataTransfer: transfer, bubbles: true }));
  target.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
}"""
PASTE = """(target, [name, type, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type }));
  target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
}"""


def files(page: Page) -> Any:
    return page.locator("form").get_by_role("list", name="Files")


def add_file(page: Page, name: str, content: bytes) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add files").click()
    chooser.value.set_files({"name": name, "mimeType": "", "buffer": content})


def last_messages(simulator: Simulator, model: str) -> list[dict[str, Any]]:
    said = httpx.get(f"{simulator.url}/_sim/last", params={"model": model}, timeout=10)
    return list(said.json()["body"]["messages"])


@pytest.fixture
def blind_model(hub: Hub) -> str:
    hub.import_config(
        """
        [models.text-only]
        deployments = [
          { provider = "simulator", model = "sim-swift:ttft=1", capabilities = ["chat", "stream"] }
        ]
        """
    )
    with hub.admin_login() as browser:
        eventually(lambda: "text-only" in browser.get("/").text, "the new model")
    return "text-only"


def choose(page: Page, number: int, model: str) -> None:
    column(page, number).get_by_role("combobox", name="Model").click()
    page.keyboard.type(model)
    page.keyboard.press("Enter")
    expect(column(page, number, model)).to_be_visible()


def test_picture_is_sent_and_refused_in_words_where_a_model_does_not_see(
    page: Page, blind_model: str, simulator: Simulator
) -> None:
    page.goto("/")
    choose(page, 2, blind_model)
    add_file(page, "chart.png", png(3, 3))
    expect(files(page)).to_contain_text("chart.png")
    expect(files(page)).to_contain_text(f"{blind_model} can't read pictures")
    run(page, "echo: I saw it")
    wait_for_end(page, 1)
    expect(column(page, 2)).to_contain_text("can't read pictures, so it was not asked")
    expect(files(page)).to_be_hidden()
    content = last_messages(simulator, "sim-swift")[-1]["content"]
    assert content[0] == {"type": "text", "text": "echo: I saw it"}
    assert content[1]["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    page.reload()
    shown = column(page, 1).get_by_role("list", name="Files")
    expect(shown).to_contain_text("chart.png", timeout=LONG)
    width = "img => new Promise(done => { const w = () => img.naturalWidth ? done(img.naturalWidth)"
    assert shown.locator("img").evaluate(width + " : setTimeout(w, 50); w(); })") == 3


def test_text_files_come_by_drop_and_paste_and_can_be_removed(
    page: Page, simulator: Simulator
) -> None:
    page.goto("/")
    prompt = page.get_by_role("textbox", name="Prompt")
    prompt.evaluate(DROP, ["notes.txt", "text/plain", "three\n```\nfences"])
    expect(files(page)).to_contain_text("notes.txt")
    name = "<img src=x onerror=alert(1)>.csv"
    prompt.evaluate(PASTE, [name, "text/csv", "a,b"])
    expect(files(page)).to_contain_text(name)
    assert page.evaluate("document.querySelectorAll('[onerror]').length") == 0
    page.get_by_role("button", name=f"Remove {name}").click()
    expect(files(page)).not_to_contain_text(name)
    run(page, "echo: read")
    wait_for_end(page, 1, 2)
    (said,) = last_messages(simulator, "sim-swift")
    assert said["content"] == "echo: read\n\nnotes.txt:\n````\nthree\n```\nfences\n````"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("report.pdf", b"%PDF-1.7\n\x00\x01\x02\xff", "neither a picture"),
        ("fake.png", b"MZ\x00\x00not a picture", "neither a picture"),
        ("empty.txt", b"", "is empty"),
        ("long.txt", b"x" * 1_000_001, "too large"),
        ("huge.png", png(2, 2) + b"\0" * 5_000_000, "too large"),
    ],
)
def test_wrong_file_is_refused_in_place(
    page: Page, hub: Hub, name: str, content: bytes, words: str
) -> None:
    page.goto("/")
    prompt = page.get_by_role("textbox", name="Prompt")
    prompt.fill("what I have written")
    add_file(page, name, content)
    expect(page.locator("form").get_by_role("alert")).to_contain_text(words)
    assert prompt.input_value() == "what I have written"
    with hub.admin_login() as browser:  # and the hub says the same to a page that does not look
        said = browser.post("/attachments/", files={"file": (name, content)})
    assert said.status_code in {400, 413}
    assert words in said.json()["error"] or said.status_code == 413


def test_files_come_back_with_an_edited_prompt(page: Page) -> None:
    page.goto("/")
    add_file(page, "one.txt", b"first")
    expect(files(page)).to_contain_text("one.txt")
    run(page, "echo: first try")
    wait_for_end(page, 1, 2)
    column(page, 1).get_by_role("button", name="Edit prompt").click()
    expect(files(page)).to_contain_text("one.txt")
    run(page, "echo: second try")
    expect(column(page, 1).get_by_role("log")).to_contain_text("second try", timeout=LONG)
    expect(column(page, 1).get_by_role("list", name="Files")).to_contain_text("one.txt")


def test_run_waits_for_files_that_are_on_their_way(page: Page) -> None:
    page.goto("/")
    held: list[Route] = []
    page.route("**/attachments/", lambda route: held.append(route))
    add_file(page, "slow.txt", b"slow")
    expect(files(page)).to_contain_text("slow.txt")
    run(page, "echo: with a file")
    expect(page.get_by_text("The prompt goes out when its files")).to_be_visible()
    page.get_by_role("textbox", name="Prompt").press_sequentially(" and more")
    held.pop().continue_()
    wait_for_end(page, 1, 2)
    expect(column(page, 1).get_by_role("list", name="Files")).to_contain_text("slow.txt")
    assert "with a file and more" in answer(page, 1)


def test_run_is_called_off_when_a_file_on_its_way_is_refused(
    page: Page, page_problems: Problems
) -> None:
    page.goto("/")
    held: list[Route] = []
    page.route("**/attachments/", lambda route: held.append(route))
    add_file(page, "slow.txt", b"slow")
    run(page, "echo: with a file")
    expect(page.get_by_text("The prompt goes out when its files")).to_be_visible()
    held.pop().fulfill(status=422, json={"error": "slow.txt is not wanted."})
    expect(page.get_by_text("slow.txt is not wanted.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("echo: with a file")
    expect(column(page, 1).get_by_role("article")).to_have_count(0)
    page_problems.clear()  # the refused request


def test_variables_get_fields_and_an_empty_one_is_refused_in_place(page: Page) -> None:
    page.goto("/")
    prompt = page.get_by_role("textbox", name="Prompt")
    prompt.fill("echo: {{greeting}}, {{ name }}! \\{{literal}}")
    greeting = page.get_by_role("textbox", name="greeting")
    greeting.fill("Good day")
    expect(page.get_by_role("textbox", name="literal")).to_have_count(0)
    prompt.press("Control+Enter")
    name = page.get_by_role("textbox", name="name", exact=True)
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Fill in name, or write")).to_be_visible()
    name.fill("{{greeting}}")
    page.get_by_role("button", name="Run", exact=True).click()
    wait_for_end(page, 1, 2)
    assert answer(page, 1) == "Good day, {{greeting}}! {{literal}}"
    expect(greeting).to_have_count(0)
    column(page, 1).get_by_role("button", name="Edit prompt").click()
    assert prompt.input_value() == "echo: {{greeting}}, {{ name }}! \\{{literal}}"
    expect(greeting).to_have_value("Good day")


def test_files_are_in_the_export_and_nobody_elses(
    page: Page, hub: Hub, page_problems: Problems
) -> None:
    page.goto("/")
    add_file(page, "kept.txt", b"kept")
    expect(files(page)).to_contain_text("kept.txt")
    address = files(page).get_by_role("link").get_attribute("href")
    run(page, "echo: with a file")
    wait_for_end(page, 1, 2)
    expect(page).to_have_url(re.compile(r"/c/"))
    with hub.admin_login() as browser:
        exported = browser.get(re.sub(r"^.*?/c/", "/c/", page.url) + "export/?format=json")
        shown = browser.get(str(address))
    assert json.loads(exported.text)["answers"][0]["files"] == ["kept.txt"]
    assert shown.text == "kept"
    assert shown.headers["content-type"].startswith("text/plain")
    assert "sandbox" in shown.headers["content-security-policy"]
    assert httpx.get(hub.url + str(address)).status_code == 302


def test_prompt_of_a_megabyte_is_answered(page: Page) -> None:
    page.goto("/")
    run(page, "echo: begin " + "word " * 200_000)
    expect(column(page, 1).get_by_role("log")).to_contain_text("begin", timeout=LONG)
    stop_all = page.get_by_role("button", name="Stop all")
    stop_all.click()
    expect(stop_all).to_be_disabled(timeout=LONG)
    assert answer(page, 1).startswith("begin word")
