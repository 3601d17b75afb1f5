"""Arranging columns: presets, samples, one only, asked later, moved by mouse and by keys."""

import re
import uuid
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.compare_page import LONG, answer, column, run, wait_for_end
from tests.support.hub import Hub
from tests.support.waiting import eventually


def menu(page: Page, number: int, item: str) -> None:
    column(page, number).get_by_role("button", name="Column menu").click()
    page.get_by_role("menuitem", name=item).click()


def models(page: Page) -> list[str]:
    return [box.input_value() for box in page.get_by_role("combobox", name="Model").all()]


def expect_models(page: Page, *names: str) -> None:
    boxes = page.get_by_role("combobox", name="Model")
    expect(boxes).to_have_count(len(names))
    for box, name in zip(boxes.all(), names, strict=True):
        expect(box).to_have_value(name)


def open_presets(page: Page):  # type: ignore[no-untyped-def]
    page.get_by_role("button", name="Presets").click()
    return page.get_by_role("dialog", name="Presets")


def test_preset_brings_models_and_settings_back(
    page: Page, axe: Callable[..., list[object]]
) -> None:
    name = f"Set {uuid.uuid4().hex[:6]}"
    page.goto("/")
    first, second = models(page)
    menu(page, 1, "Parameters and system prompt…")
    page.get_by_role("textbox", name="System prompt").fill("Be brief.")
    page.get_by_role("spinbutton", name="Temperature").fill("0.3")
    page.get_by_role("button", name="Save").click()
    dialog = open_presets(page)
    dialog.get_by_role("textbox", name="Keep these columns as").fill(name)
    dialog.get_by_role("button", name="Keep").click()
    expect(dialog.get_by_role("listitem").filter(has_text=name)).to_contain_text(first)
    assert axe(page) == []
    page.goto("/")
    menu(page, 2, "Remove")
    expect_models(page, first)
    dialog = open_presets(page)
    dialog.get_by_role("button", name=f"Load {name}").click()
    expect_models(page, first, second)
    expect(column(page, 1).get_by_role("list", name="Settings")).to_contain_text("temp 0.3")
    page.get_by_role("button", name="Undo").last.click()
    expect_models(page, first)


def test_preset_is_renamed_and_deleted(page: Page) -> None:
    name, other = f"Old {uuid.uuid4().hex[:6]}", f"New {uuid.uuid4().hex[:6]}"
    page.goto("/")
    dialog = open_presets(page)
    dialog.get_by_role("textbox", name="Keep these columns as").fill(name)
    dialog.get_by_role("checkbox", name="For the whole team").check()
    dialog.get_by_role("button", name="Keep").click()
    dialog.get_by_role("button", name=f"Rename {name}").click()
    dialog.get_by_role("textbox", name="New name").fill(other)
    dialog.get_by_role("textbox", name="New name").press("Enter")
    expect(dialog.get_by_role("button", name=f"Load {other}")).to_be_visible()
    page.on("dialog", lambda question: question.accept())
    dialog.get_by_role("button", name=f"Delete {other}").click()
    expect(dialog.get_by_role("button", name=f"Load {other}")).to_have_count(0)


def test_samples_make_three_columns_of_one_model(page: Page) -> None:
    page.goto("/")
    first, second = models(page)
    menu(page, 1, "Samples ×3")
    expect_models(page, first, first, first, second)
    run(page, "echo: three and one")
    wait_for_end(page, 1, 2, 3, 4)


def test_column_that_comes_later_can_be_asked_about_an_earlier_turn(page: Page) -> None:
    page.goto("/")
    run(page, "echo: first of all")
    wait_for_end(page, 1, 2)
    run(page, "echo: and then")
    wait_for_end(page, 1, 2)
    page.get_by_role("button", name="Add column").click()
    late = column(page, 3)
    expect(late.get_by_text("This column was not asked.")).to_have_count(2)
    late.get_by_role("button", name="Ask", exact=True).first.click()
    expect(late.get_by_text("first of all", exact=True).last).to_be_visible(timeout=LONG)
    late.get_by_role("button", name="Ask", exact=True).click()
    expect(late.get_by_role("log")).to_have_text("and then", timeout=LONG)
    page.reload()
    expect(column(page, 3).get_by_role("log")).to_have_text("and then", timeout=LONG)


def test_continue_with_one_only_and_undo(page: Page) -> None:
    page.goto("/")
    first, second = models(page)
    run(page, "pick a random number")
    wait_for_end(page, 1, 2)
    kept = answer(page, 2)
    menu(page, 2, "Continue with this one only")
    expect_models(page, second)
    run(page, "repeat it")
    expect(column(page, 1).get_by_role("log")).to_have_text(kept, timeout=LONG)
    page.get_by_role("button", name="Undo").click()
    expect_models(page, first, second)
    expect(column(page, 1).get_by_text("This column was not asked.")).to_be_visible()


def test_columns_move_by_mouse_and_by_keys(page: Page) -> None:
    page.goto("/")
    first, second = models(page)
    handle = column(page, 1).locator("[data-part=number]")
    expect(handle).to_have_attribute("draggable", "true")
    box = column(page, 2).bounding_box()
    assert box
    handle.drag_to(column(page, 2), target_position={"x": box["width"] - 20, "y": 200})
    expect_models(page, second, first)
    column(page, 1).get_by_role("button", name="Column menu").focus()
    page.keyboard.press("Alt+Shift+ArrowRight")
    expect_models(page, first, second)
    expect(column(page, 2).get_by_role("button", name="Column menu")).to_be_focused()


def test_clone_and_maximise(page: Page) -> None:
    page.goto("/")
    first, second = models(page)
    menu(page, 1, "Clone")
    expect_models(page, first, first, second)
    menu(page, 3, "Maximise")
    expect(column(page, 3)).to_be_visible()
    expect(column(page, 1)).to_be_hidden()
    menu(page, 3, "Show all columns")
    expect(column(page, 1)).to_be_visible()


def test_best_number_is_marked_by_more_than_colour(page: Page) -> None:
    page.goto("/")
    run(page, "echo: the same words")
    wait_for_end(page, 1, 2)
    marked = page.locator("[data-metric=cost]").filter(has_text="best")
    expect(marked.locator(".metric-best:not([hidden])")).to_have_count(1)


def test_estimate_stands_there_before_sending(page: Page) -> None:
    page.goto("/")
    page.get_by_role("textbox", name="Prompt").fill("x" * 4000)
    expect(page.get_by_text(re.compile(r"Estimate: 2K tokens in · \$"))).to_be_visible()


def test_twelve_columns_and_no_more_and_a_removed_one_comes_back(page: Page) -> None:
    page.goto("/")
    add = page.get_by_role("button", name="Add column")
    for _ in range(10):
        menu(page, 1, "Clone")
    expect(page.get_by_role("combobox", name="Model")).to_have_count(12)
    expect(add).to_be_disabled()
    run(page, "echo: all of us")
    wait_for_end(page, *range(1, 13))
    for number in range(1, 13):
        expect(column(page, number).get_by_role("log")).to_have_text("all of us")
    names = models(page)
    menu(page, 5, "Remove")
    expect_models(page, *names[:4], *names[5:])
    expect(column(page, 5).get_by_role("button", name="Column menu")).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    expect_models(page, *names)
    expect(column(page, 5).get_by_role("log")).to_have_text("all of us")


def test_last_column_cannot_be_removed(page: Page) -> None:
    page.goto("/")
    menu(page, 1, "Remove")
    column(page, 1).get_by_role("button", name="Column menu").click()
    item = page.get_by_role("menuitem", name="Remove")
    expect(item).to_have_attribute("aria-disabled", "true")


def test_picker_shows_what_a_model_costs_and_can(page: Page, hub: Hub) -> None:
    hub.import_config(
        """
        [models.priced]
        [[models.priced.deployments]]
        provider = "simulator"
        model = "sim-swift"
        context_window = 8000
        input_cost_per_1m = 0.5
        output_cost_per_1m = 2
        capabilities = ["chat", "vision"]
        """
    )
    with hub.admin_login() as browser:
        eventually(lambda: "priced" in browser.get("/").text, "the models")
    page.goto("/")
    box = column(page, 1).get_by_role("combobox", name="Model")
    box.click()
    everything = page.get_by_role("option").count()
    box.fill("vision priced")
    priced = page.get_by_role("option", name="priced")
    expect(priced).to_contain_text("8K context")
    expect(priced).to_contain_text("$0.50 in, $2.00 out per 1M")
    expect(priced).to_contain_text("vision")
    assert page.get_by_role("option").count() < everything
    box.press("Enter")
    expect(column(page, 1, "priced").get_by_text("8K tokens")).to_be_visible()
    box.fill("no such model")
    expect(page.get_by_text("No model matches.")).to_be_visible()
    box.press("Escape")
    expect(box).to_have_value("priced")


def test_settings_are_for_one_column_or_for_all_and_differences_are_shown(page: Page) -> None:
    page.goto("/")
    menu(page, 1, "Parameters and system prompt…")
    page.get_by_role("spinbutton", name="Temperature").fill("0.2")
    page.get_by_role("button", name="Save").click()
    one, two = (column(page, n).get_by_role("list", name="Settings") for n in (1, 2))
    differs = one.get_by_title("Not the same in all columns")
    expect(differs).to_have_text("temp 0.2")
    expect(two).to_contain_text("default settings")
    menu(page, 2, "Parameters and system prompt…")
    dialog = page.get_by_role("dialog", name="Column 2")
    expect(dialog).to_contain_text("Not the same in all columns: temperature.")
    dialog.get_by_role("spinbutton", name="Temperature").fill("0.7")
    dialog.get_by_role("textbox", name="System prompt").fill("Be brief.")
    dialog.get_by_role("checkbox", name="Same in all columns").check()
    dialog.get_by_role("button", name="Save").click()
    for settings in (one, two):
        expect(settings).to_contain_text("temp 0.7")
        expect(settings).to_contain_text("system prompt")
    expect(differs).to_have_count(0)


def test_retry_of_one_leaves_the_others_alone(page: Page, hub: Hub) -> None:
    page.goto("/")
    run(page, "echo: again")
    wait_for_end(page, 1, 2)
    records = column(page, 1).get_by_role("link", name="Record")
    others = column(page, 2).get_by_role("link", name="Record").get_attribute("href")
    before = str(records.get_attribute("href"))
    column(page, 1).get_by_role("button", name="Retry").click()
    expect(records).not_to_have_attribute("href", before, timeout=LONG)
    expect(column(page, 2).get_by_role("link", name="Record")).to_have_attribute(
        "href", str(others)
    )


def test_retry_all_asks_also_a_column_that_came_later(page: Page) -> None:
    page.goto("/")
    run(page, "echo: everybody")
    wait_for_end(page, 1, 2)
    before = str(column(page, 1).get_by_role("link", name="Record").get_attribute("href"))
    page.get_by_role("button", name="Add column").click()
    expect(column(page, 3).get_by_text("This column was not asked.")).to_be_visible()
    page.get_by_role("button", name="Retry all").click()
    wait_for_end(page, 1, 2, 3)
    assert answer(page, 3) == "everybody"
    link = column(page, 1).get_by_role("link", name="Record")
    expect(link).not_to_have_attribute("href", before)
    page.reload()
    wait_for_end(page, 1, 2, 3)


def test_stop_of_one_is_recorded_as_cancelled_and_the_other_goes_on(page: Page, hub: Hub) -> None:
    page.goto("/")
    run(page, "echo: " + "word " * 400)
    expect(column(page, 2).get_by_role("log")).to_contain_text("word", timeout=LONG)
    column(page, 2).get_by_role("button", name="Stop").click()
    expect(column(page, 2).get_by_text("Stopped")).to_be_visible(timeout=LONG)
    record = str(column(page, 2).get_by_role("link", name="Record").get_attribute("href"))
    (call,) = hub.query(
        "select status from usage_requestlog where id = %s",
        record.strip("/").rpartition("/")[2].replace("-", ""),
    )
    assert call["status"] == "cancelled"
    wait_for_end(page, 1)
    assert len(answer(page, 1).split()) == 400


def test_numbers_move_while_an_answer_streams(page: Page) -> None:
    page.goto("/")
    run(page, "echo: " + "word " * 300)
    output = column(page, 2).locator("[data-metric=output_tokens]")
    expect(output).to_have_attribute("data-value", re.compile(r"^[1-9]"), timeout=LONG)
    seen = str(output.get_attribute("data-value"))
    expect(output).not_to_have_attribute("data-value", seen)
    for name in ("ttft", "tokens_per_second", "input_tokens", "cost", "total"):
        expect(column(page, 2).locator(f"[data-metric={name}]")).to_contain_text(re.compile(r"\d"))
    page.get_by_role("button", name="Stop all").click()
    wait_for_end(page, 1, 2)


# Numbers whose text reaches into the next one.
OVERLAPPING = """(column) => {
  const ends = (node) => {
    const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    let right = 0;
    while (texts.nextNode()) {
      range.selectNodeContents(texts.currentNode);
      if (!texts.currentNode.parentElement.matches(".visually-hidden"))
        right = Math.max(right, range.getBoundingClientRect().right);
    }
    return right;
  };
  const numbers = [...column.querySelectorAll("[data-metric]")];
  return numbers.filter((node, at) => numbers[at + 1]?.getBoundingClientRect().left < ends(node))
    .map((node) => node.textContent);
}"""


def test_numbers_do_not_run_into_each_other_in_narrow_columns(page: Page) -> None:
    page.goto("/")
    run(page, "pick a random number " + "of many " * 4000)
    wait_for_end(page, 1, 2)
    expect(column(page, 1).locator("[data-metric=input_tokens]")).to_contain_text(
        re.compile(r"\d,\d{3}")
    )
    for width in (390, 660, 700, 740, 780, 840):
        page.set_viewport_size({"width": width, "height": 800})
        for number in (1, 2):
            assert column(page, number).evaluate(OVERLAPPING) == [], width
