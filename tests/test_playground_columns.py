"""Arranging columns: presets, samples, one only, asked later, moved by mouse and by keys."""

import re
import uuid
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.compare_page import LONG, answer, column, run, wait_for_end


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
