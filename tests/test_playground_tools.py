"""Tools by hand and JSON schemas in the compare page."""

import json
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.compare_page import LONG, column, run
from tests.support.simulator import Simulator

WEATHER = {
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def open_settings(page: Page, section: str) -> Locator:
    column(page, 1).get_by_role("button", name="Column menu").click()
    page.get_by_role("menuitem", name="Parameters and system prompt…").click()
    dialog = page.get_by_role("dialog", name="Column 1")
    details = dialog.locator("details", has_text=section)
    if not details.get_by_role("textbox").first.is_visible():
        details.locator("summary").click()
    return dialog


def only_first_column(page: Page) -> None:
    page.goto("/")
    column(page, 2).get_by_role("button", name="Column menu").click()
    page.get_by_role("menuitem", name="Remove").click()
    expect(page.get_by_role("combobox", name="Model")).to_have_count(1)


def test_result_of_a_tool_is_entered_by_hand_and_the_model_goes_on(
    page: Page, simulator: Simulator, axe: Callable[..., list[object]]
) -> None:
    only_first_column(page)
    dialog = open_settings(page, "Tools")
    dialog.get_by_role("textbox", name="Tool definitions").fill(json.dumps([WEATHER]))
    dialog.get_by_role("button", name="Save").click()
    run(page, "Use get_weather for Oslo.")
    result = column(page, 1).get_by_role("textbox", name="Result of get_weather")
    expect(result).to_be_visible(timeout=LONG)
    expect(column(page, 1)).to_contain_text("Oslo")
    send = column(page, 1).get_by_role("button", name="Send results")
    send.click()
    expect(result).to_be_focused()
    expect(column(page, 1)).to_contain_text("Enter what get_weather gives back.")
    assert axe(page) == []
    result.fill('{"temperature": 3}')
    send.click()
    expect(column(page, 1).get_by_text("Called get_weather")).to_be_visible(timeout=LONG)
    expect(column(page, 1).get_by_role("log")).to_contain_text(" ", timeout=LONG)
    sent = httpx.get(f"{simulator.url}/_sim/last", params={"model": "sim-swift"}, timeout=10)
    _, called, told = sent.json()["body"]["messages"]
    assert called["tool_calls"][0]["function"]["name"] == "get_weather"
    assert told == {
        "role": "tool",
        "tool_call_id": called["tool_calls"][0]["id"],
        "content": '{"temperature": 3}',
    }
    page.reload()
    expect(column(page, 1).get_by_text("Called get_weather")).to_be_visible(timeout=LONG)
    expect(result).to_have_count(0)


def test_calculator_fills_its_result_in(page: Page) -> None:
    only_first_column(page)
    dialog = open_settings(page, "Tools")
    dialog.get_by_role("button", name="Add calculator").click()
    dialog.get_by_role("button", name="Add current_time").click()
    dialog.get_by_role("button", name="Save").click()
    expect(column(page, 1).get_by_role("list", name="Settings")).to_contain_text("2 tools")
    run(page, "Use the calculator.")
    result = column(page, 1).get_by_role("textbox", name="Result of calculator")
    expect(result).not_to_have_value("", timeout=LONG)


@pytest.mark.parametrize(
    ("expression", "value"),
    [("2 + 3 * 4", 14), ("-(2 - 5) ^ 2", -9), ("2 ** 3 ** 2 / 4", 128), ("7 % 4 + .5", 3.5)],
)
def test_calculator_knows_its_rules(page: Page, expression: str, value: float) -> None:
    page.goto("/")
    module = "/static/js/compare/built-in-tools.js"
    work = f"text => import('{module}').then(({{ calculate }}) => calculate(text))"
    assert page.evaluate(work, expression) == value


@pytest.mark.parametrize(
    ("section", "field", "text", "words"),
    [
        ("Tools", "Tool definitions", '[{"description": "x"}]', "tools[0].name is missing"),
        ("Tools", "Tool definitions", '[{"name": "a b"}]', "tools[0].name takes letters"),
        (
            "Tools",
            "Tool definitions",
            '[{"name": "a", "parameters": {"type": "object", "required": ["x"]}}]',
            "tools[0].parameters.required names x",
        ),
        ("Tools", "Tool definitions", "[{", "not JSON yet"),
        ("JSON schema", "Schema of the answer", "[1]", "Write a JSON object"),
    ],
)
def test_wrong_definition_is_refused_at_its_field(
    page: Page, section: str, field: str, text: str, words: str
) -> None:
    page.goto("/")
    dialog = open_settings(page, section)
    box = dialog.get_by_role("textbox", name=field)
    box.fill(text)
    dialog.get_by_role("button", name="Save").click()
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(dialog).to_contain_text(words)
    expect(box).to_be_focused()
    expect(box).to_have_value(text)


def test_answer_is_checked_against_the_schema(page: Page, axe: Callable[..., list[object]]) -> None:
    only_first_column(page)
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    dialog = open_settings(page, "JSON schema")
    dialog.get_by_role("textbox", name="Schema of the answer").fill(json.dumps(schema))
    dialog.get_by_role("button", name="Save").click()
    run(page, "Give me a number.")
    expect(column(page, 1)).to_contain_text("Fits the JSON schema", timeout=LONG)
    schema["properties"]["n"] = {"type": "nonsense"}  # type: ignore[index]
    dialog = open_settings(page, "JSON schema")
    dialog.get_by_role("textbox", name="Schema of the answer").fill(json.dumps(schema))
    dialog.get_by_role("button", name="Save").click()
    run(page, "And another one.")
    expect(column(page, 1)).to_contain_text("is no JSON schema: $.properties.n.type", timeout=LONG)
    assert axe(page) == []
    page.reload()
    expect(column(page, 1)).to_contain_text("is no JSON schema", timeout=LONG)
