"""The compare page in a real browser, found by roles and names as a person would."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, Problems
from tests.support.compare_page import LONG, answer, column, run, wait_for_end
from tests.support.hub import Hub
from tests.support.process import ROOT
from tests.support.waiting import eventually

SCREENSHOT = ROOT / "docs/images/playground.png"


def shown_models(hub: Hub) -> str:
    with hub.admin_login() as browser:
        return browser.get("/").text


def test_first_visit_offers_two_simulated_models_and_a_prompt(page: Page) -> None:
    page.goto("/")
    expect(column(page, 1, "sim-")).to_be_visible()
    expect(column(page, 2, "sim-")).to_be_visible()
    assert page.get_by_role("textbox", name="Prompt").input_value()
    page.get_by_role("button", name="Run", exact=True).click()
    wait_for_end(page, 1, 2)
    assert answer(page, 1) != answer(page, 2)


def test_reload_in_the_middle_loses_nothing(page: Page) -> None:
    page.goto("/")
    run(page, "echo: " + " ".join(f"word{n}" for n in range(150)))
    expect(column(page, 1).get_by_role("log")).to_contain_text("word10 ", timeout=LONG)
    expect(column(page, 1).get_by_role("button", name="Stop")).to_be_visible()
    page.reload()
    wait_for_end(page, 1, 2)
    for number in (1, 2):
        assert answer(page, number).split() == [f"word{n}" for n in range(150)]


def test_metrics_stand_under_a_finished_answer(page: Page) -> None:
    page.goto("/")
    run(page, "echo: count me")
    wait_for_end(page, 1, 2)
    metrics = column(page, 1).get_by_role("group", name="Metrics")
    for name in ("ttft", "tokens_per_second", "input_tokens", "output_tokens", "cost", "total"):
        assert metrics.locator(f"[data-metric={name}]").inner_text().strip()


def test_columns_keep_to_their_own_history(page: Page) -> None:
    page.goto("/")
    run(page, "pick a random number")
    wait_for_end(page, 1, 2)
    first = [answer(page, 1), answer(page, 2)]
    run(page, "repeat it")
    expect(column(page, 1).get_by_role("log").last).to_contain_text(first[0], timeout=LONG)
    wait_for_end(page, 1, 2)
    assert [answer(page, 1), answer(page, 2)] == first


def test_stop_all_stops_all(page: Page) -> None:
    page.goto("/")
    run(page, "echo: " + "word " * 2000)
    for number in (1, 2):
        expect(column(page, number).get_by_role("log")).to_contain_text("word", timeout=LONG)
    page.get_by_role("button", name="Stop all").click()
    wait_for_end(page, 1, 2)
    assert len(answer(page, 1).split()) < 2000


def test_markdown_brings_no_script_and_no_remote_image(page: Page, page_problems: Problems) -> None:
    page.goto("/")
    run(
        page,
        "echo: **bold** <script>window.hacked = 1</script> "
        "![x](https://example.com/x.png) [y](javascript:window.hacked=1) <img src=x onerror=1>",
    )
    wait_for_end(page, 1, 2)
    log = column(page, 1).get_by_role("log").last
    expect(log.locator("strong")).to_have_text("bold")
    assert log.locator("script, img[src^=http], a[href^=javascript], [onerror]").count() == 0
    assert page.evaluate("window.hacked") is None
    page_problems.clear()  # the image x is looked for here, at the hub


def test_error_belongs_to_its_column(hub: Hub, page: Page) -> None:
    hub.import_config(
        """
        [models.broken]
        deployments = [{ provider = "simulator", model = "sim-fault-400" }]
        """
    )
    eventually(lambda: "broken" in shown_models(hub), "the new model")
    page.goto("/")
    picker = column(page, 1).get_by_role("combobox", name="Model")
    picker.click()
    page.keyboard.type("broken")
    page.keyboard.press("Enter")
    expect(column(page, 1, "broken")).to_be_visible()
    run(page, "echo: fine")
    wait_for_end(page, 2)
    expect(column(page, 1)).to_contain_text("400")
    expect(column(page, 1).get_by_role("button", name="Retry")).to_be_visible()
    assert answer(page, 2) == "fine"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True])
def test_nothing_for_axe_to_find(
    new_page: Callable[..., Page], axe: Callable[..., list[object]], scheme: str, phone: bool
) -> None:
    options = {"viewport": PHONE} if phone else {}
    page = new_page(color_scheme=scheme, **options)
    page.goto("/")
    assert axe(page) == []
    run(page, "Show me a table and some code, please.")
    stop_all = page.get_by_role("button", name="Stop all")
    expect(stop_all).to_be_enabled(timeout=LONG)
    expect(stop_all).to_be_disabled(timeout=LONG)
    assert axe(page) == []


@pytest.mark.parametrize("path", ["/history/", "/usage/", "/calls/", "/keys/"])
def test_nothing_for_axe_to_find_elsewhere(
    page: Page, axe: Callable[..., list[object]], path: str
) -> None:
    page.goto(path)
    assert axe(page) == []


def test_sign_in_page_lets_a_person_in(
    new_page: Callable[..., Page], axe: Callable[..., list[object]]
) -> None:
    page = new_page(signed_in=False)
    page.goto("/")
    assert axe(page) == []
    page.get_by_label("Email").fill("admin@example.com")
    page.get_by_label("Password").fill("correct horse battery staple")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_be_visible()


def test_picture_for_the_readme(new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page.goto("/")
    page.get_by_role("button", name="Run", exact=True).click()
    wait_for_end(page, 1, 2)
    taken = Path(page.screenshot(path=SCREENSHOT) and SCREENSHOT)
    assert taken.stat().st_size > 20_000
