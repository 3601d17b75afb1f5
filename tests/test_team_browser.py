"""A team's pages in a real browser, and on the wire what was set on them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, Problems
from tests.support.hub import Hub

WIDE = {"width": 1440, "height": 900}
PASSWORD = "a long and quiet evening"


def start_team(page: Page, name: str) -> None:
    """A team of the test's own, made on the pages."""
    page.goto("/team/new/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Start team").click()
    expect(page.get_by_role("heading", name="Members")).to_be_visible()


def tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Pages of the team").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def shown_key(page: Page) -> str:
    expect(page.get_by_role("button", name="Copy key")).to_be_focused()
    return page.locator("#new-key").inner_text()


def agree(page: Page) -> list[str]:
    """Say yes to every question, and keep them."""
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    return asked


def test_what_is_set_of_a_key_holds_on_the_wire(page: Page, hub: Hub) -> None:
    start_team(page, "Wired")
    tab(page, "Keys")
    page.get_by_label("Name", exact=True).fill("nightly")
    page.get_by_label("sim-swift").check()
    page.get_by_text("Limits, budget, addresses, tags").click()
    page.get_by_label("Requests a minute").fill("none")
    page.get_by_label("Addresses").fill("127.0.0.1")
    page.get_by_role("button", name="Make key").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Requests a minute: Write a whole number")
    expect(page.get_by_label("Requests a minute")).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value("nightly")
    expect(page.get_by_label("sim-swift")).to_be_checked()
    page.get_by_label("Requests a minute").fill("1")
    page.get_by_role("button", name="Make key").click()
    key = shown_key(page)

    refused = hub.chat(key, "sim-sage")
    assert refused.status_code in (403, 404), refused.text
    assert hub.chat(key, "sim-swift").status_code == 200
    limited = hub.chat(key, "sim-swift")
    assert limited.status_code == 429
    assert "1 request a minute" in limited.text

    page.get_by_role("link", name="Edit nightly").click()
    page.get_by_label("Requests a minute").fill("")
    page.get_by_label("Addresses").fill("203.0.113.0/24")
    page.get_by_role("button", name="Save key").click()
    expect(page.get_by_role("status")).to_contain_text("is saved")
    assert "may not be used from 127.0.0.1" in hub.chat(key, "sim-swift").text
    page.get_by_role("link", name="Edit nightly").click()
    page.get_by_label("Addresses").fill("")
    page.get_by_role("button", name="Save key").click()
    expect(page.get_by_role("status")).to_contain_text("is saved")
    assert hub.chat(key, "sim-swift").status_code == 200


def test_key_is_rotated_switched_off_and_on(page: Page, hub: Hub) -> None:
    asked = agree(page)
    start_team(page, "Rotated")
    tab(page, "Keys")
    page.get_by_label("Name", exact=True).fill("service")
    page.get_by_role("button", name="Make key").click()
    before = shown_key(page)
    page.get_by_role("link", name="Edit service").click()
    page.get_by_label("Old key ends").select_option(label="in an hour")
    page.get_by_role("button", name="Rotate key").click()
    after = shown_key(page)
    assert after != before
    assert hub.models(before).status_code == hub.models(after).status_code == 200
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("status")).to_contain_text("switched off")
    assert hub.models(before).status_code == hub.models(after).status_code == 401
    page.get_by_role("link", name="Edit service").click()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("status")).to_contain_text("switched on")
    assert hub.models(after).status_code == 200
    assert ["new text" in question for question in asked] == [True]


def test_somebody_is_invited_joins_gets_a_role_and_is_removed(
    page: Page, new_page: Callable[..., Page], page_problems: Problems
) -> None:
    asked = agree(page)
    start_team(page, "Inviting")
    page.get_by_text("Add somebody").click()
    page.get_by_label("E-mail").fill("nina@example.com")
    page.get_by_label("Role", exact=True).select_option("Viewer")
    page.get_by_role("button", name="Add or invite").click()
    expect(page.get_by_role("button", name="Copy link")).to_be_focused()
    link = page.locator("#invitation-link").inner_text()

    guest = new_page(signed_in=False)
    guest.goto(link)
    expect(guest.get_by_role("heading", name="Join Inviting")).to_be_visible()
    guest.get_by_label("Your name").fill("Nina New")
    guest.get_by_label("Password", exact=True).fill(PASSWORD)
    guest.get_by_label("Password again").fill(PASSWORD)
    guest.get_by_role("button", name="Make account and join").click()
    expect(guest.get_by_text("Welcome to Inviting")).to_be_visible()
    guest.goto("/keys/")
    expect(guest.get_by_text("as a viewer")).to_be_visible()

    page.reload()
    page.get_by_role("combobox", name="Role of Nina New").select_option("Member")
    page.get_by_role("button", name="Save the role of Nina New").click()
    expect(page.get_by_role("status")).to_contain_text("nina@example.com is Member now")
    guest.reload()
    expect(guest.get_by_role("button", name="Make key")).to_be_visible()
    page.get_by_role("button", name="Remove Nina New").click()
    expect(page.get_by_role("status")).to_contain_text("out of the team")
    guest.goto("/team/")
    expect(guest.get_by_text("not in a team yet")).to_be_visible()
    page_problems.clear()  # that page is a 403
    assert any("Keys of theirs are revoked" in question for question in asked)


def test_last_owner_is_told_why_they_stay(page: Page) -> None:
    agree(page)
    start_team(page, "Lonely")
    page.get_by_role("button", name="Leave team").click()
    expect(page.get_by_role("status")).to_contain_text("last owner of this team")
    expect(page.get_by_role("button", name="Leave team")).to_be_visible()


def test_budget_made_on_the_page_stops_calls_and_is_lifted_there(page: Page, hub: Hub) -> None:
    agree(page)
    hub.import_config(
        '[models.priced]\ndeployments = [{ provider = "simulator", model = "sim-swift", '
        "input_cost_per_1m = 5000, output_cost_per_1m = 5000 }]\n"
    )
    start_team(page, "Thrifty")
    tab(page, "Keys")
    page.get_by_label("Name", exact=True).fill("spender")
    page.get_by_role("button", name="Make key").click()
    key = shown_key(page)
    tab(page, "Budgets")
    if page.get_by_label("Budget of").is_hidden():  # folded when the hub has budgets of models
        page.get_by_text("New budget", exact=True).click()
    page.get_by_label("Budget of").select_option(label="The team Thrifty")
    page.get_by_label("Amount in dollars").fill("0.01")
    page.get_by_label("Warn at percent").fill("50")
    page.get_by_role("button", name="Make budget").click()
    expect(page.get_by_role("heading", name="Thrifty", level=3)).to_be_visible()
    ours = page.get_by_role("region", name="The team")
    expect(ours.get_by_role("img", name="0 % spent", exact=True)).to_be_visible()
    refused = hub.chat(key, "priced")
    assert refused.status_code == 402
    assert "The budget of the team Thrifty, $0.01 a month" in refused.text

    page.get_by_role("link", name="Change $0.01 a month").click()
    page.get_by_label("Amount in dollars").fill("100")
    page.get_by_role("button", name="Save budget").click()
    expect(page.get_by_role("status")).to_contain_text("$100.00 a month")
    assert hub.chat(key, "priced", max_tokens=16).status_code == 200
    page.reload()
    spent = ours.get_by_role("definition").filter(has_text=re.compile(r"^\$0\.\d*[1-9]")).first
    expect(spent).to_be_visible()
    page.get_by_role("button", name="Delete $100.00 a month").click()
    expect(page.get_by_role("status")).to_contain_text("Deleted: $100.00 a month")
    expect(ours).to_have_count(0)


def test_settings_are_saved_and_stand_in_the_changes(page: Page) -> None:
    start_team(page, "Settled")
    tab(page, "Settings")
    page.get_by_label("Days to keep bodies").fill("-1")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_role("alert")).to_contain_text("Days to keep bodies: Ensure")
    page.get_by_label("Days to keep bodies").fill("7")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    tab(page, "Changes")
    expect(page.get_by_role("cell", name="retention days: 90 → 7")).to_be_visible()
    page.get_by_role("combobox", name="Team").select_option("Default")
    page.wait_for_url("**/team/changes/?team=default")
    expect(page.get_by_role("cell", name="retention days: 90 → 7")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_wide_and_narrow(
    new_page: Callable[..., Page], hub: Hub, axe: Callable[..., list[dict[str, Any]]], scheme: str
) -> None:
    setup = new_page()
    start_team(setup, f"Seen {scheme}")
    setup.get_by_text("Add somebody").click()
    setup.get_by_role("button", name="Add or invite").click()
    link = setup.locator("#invitation-link").inner_text()
    tab(setup, "Keys")
    setup.get_by_label("Name", exact=True).fill("seen")
    setup.get_by_text("Limits, budget, addresses, tags").click()
    setup.get_by_label("Budget in dollars").fill("5")
    setup.get_by_role("button", name="Make key").click()
    shown_key(setup)
    key_path = setup.get_by_role("link", name="Edit seen").get_attribute("href") or ""
    team = f"?team=seen-{scheme}"
    paths = [f"/{path}{team}" for path in ("keys/", "team/", "team/budgets/", "team/settings/")]
    for viewport in (WIDE, PHONE):
        page = new_page(viewport=viewport, color_scheme=scheme)
        for path in (*paths, f"/team/changes/{team}", key_path, "/team/new/"):
            page.goto(path)
            for closed in page.locator("details.card:not([open]) > summary").all():
                closed.click()
            assert axe(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        guest = new_page(viewport=viewport, color_scheme=scheme, signed_in=False)
        guest.goto(link)
        assert axe(guest) == []
