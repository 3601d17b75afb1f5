"""The admin in a browser: under the hub's CSP, in both schemes, on both widths, for everybody."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import DESKTOP, PHONE, Problems

PAGES = (
    "/admin/",
    "/admin/providers/credential/",
    "/admin/providers/credential/add/",
    "/admin/providers/modelmap/",
    "/admin/providers/modelmap/add/",
    "/admin/teams/virtualkey/",
    "/admin/teams/team/add/",
    "/admin/core/auditentry/",
    "/admin/auth/user/add/",
)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def held_against(page: Page, axe: Callable[..., Any]) -> list[str]:
    return [f"{one['id']}: {one['help']} {one['nodes'][:3]}" for one in axe(page)]


def open_credential(page: Page, name: str) -> None:
    page.goto("/admin/providers/credential/")
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("button", name="Save and test connection")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_page_keeps_to_the_policy_and_the_window(
    new_page: Callable[..., Page], scheme: str, width: dict[str, int]
) -> None:
    page = new_page(viewport=width, color_scheme=scheme)
    for address in PAGES:
        page.goto(address)
        expect(page.get_by_role("heading").first).to_be_visible()
        assert fits(page), address


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_our_pages_are_for_everybody(
    new_page: Callable[..., Page], axe: Callable[..., Any], page_problems: Problems, scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    for address in ("/admin/", "/admin/providers/credential/add/", "/admin/providers/modelmap/"):
        page.goto(address)
        assert held_against(page, axe) == [], address
    page.get_by_role("link", name="sim-swift", exact=True).click()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()
    assert held_against(page, axe) == []
    open_credential(page, "simulator")
    assert held_against(page, axe) == []
    page.get_by_role("button", name="Discover models").click()
    expect(page.get_by_role("heading", name="Discover models")).to_be_visible()
    assert held_against(page, axe) == []
    page_problems.clear()  # axe styles elements to measure them, which the policy refuses


def test_the_chosen_kind_tells_what_it_needs(page: Page) -> None:
    page.goto("/admin/providers/credential/add/")
    page.get_by_label("Kind").select_option("groq")
    expect(page.locator("#kind-help")).to_contain_text("Needs an API key (variable GROQ_API_KEY)")
    assert page.get_by_label("Base URL").get_attribute("placeholder") == (
        "https://api.groq.com/openai/v1"
    )
    page.get_by_label("Kind").select_option("azure")
    expect(page.locator("#kind-help")).to_contain_text("api_version")


def test_test_connection_and_discovery_by_mouse(page: Page) -> None:
    open_credential(page, "simulator")
    page.get_by_role("button", name="Test connection", exact=True).click()
    expect(page.get_by_text("simulator works: it answered in")).to_be_visible()
    page.get_by_role("button", name="Discover models").click()
    page.get_by_label("Filter", exact=True).fill("instant")
    expect(page.get_by_role("row", name="sim-swift")).to_be_hidden()
    page.get_by_label("sim-instant", exact=True).check()
    expect(page.get_by_role("status")).to_have_text("1 ticked")
    page.get_by_role("button", name="Map the ticked models").click()
    expect(page.get_by_text("Mapped 1 model: sim-instant.")).to_be_visible()


def test_a_new_deployment_shows_what_is_known_of_its_model(page: Page) -> None:
    page.goto("/admin/providers/modelmap/add/")
    page.get_by_label("Name", exact=False).first.fill("by-hand")
    page.locator(".add-row").get_by_text("Add another Deployment").click()
    row = page.locator("#deployments-0")
    row.get_by_label("Credential").select_option(label="simulator")
    row.get_by_label("Upstream model").fill("sim-sage")
    row.get_by_label("Upstream model").press("Tab")
    price = row.get_by_label("Input, USD per 1M", exact=False).first
    expect(price).to_have_attribute("placeholder", "1.00")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
