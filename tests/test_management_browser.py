"""The API's documentation and the page of access tokens, in a browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE
from tests.support.hub import Hub

# Of Swagger UI's own markup: a button inside each operation's head, and headings after its summary.
NOT_OURS = {rule: {"enabled": False} for rule in ("nested-interactive", "heading-order")}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_documentation_shows_and_sends_under_our_csp(
    new_page: Callable[..., Page], axe: Callable[..., list[Any]], scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    page.goto("/api/docs")
    operation = page.locator("#operations-Teams-list_teams")
    expect(operation).to_be_visible()
    assert axe(page, rules=NOT_OURS) == []
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text(
        "200"
    )


def test_call_is_made_from_the_documentation(new_page: Callable[..., Page], hub: Hub) -> None:
    page = new_page(signed_in=False)
    page.goto("/api/docs")
    page.locator(".authorize").first.click()
    form = page.locator(".auth-container", has_text="ApiKeyHeader")
    form.locator("input").fill(hub.create_key("Documented"))
    form.get_by_role("button", name="Apply credentials").click()
    page.locator(".modal-ux .close-modal").click()
    operation = page.locator("#operations-Wires-wire_chat")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    expect(answer.locator(".response-col_status").last).to_contain_text("200")
    expect(answer).to_contain_text("chat.completion")
    expect(answer).to_contain_text("x-llmhub-provider: simulator")


def test_documentation_needs_no_account(new_page: Callable[..., Page]) -> None:
    page = new_page(signed_in=False)
    page.goto("/api/docs")
    expect(page.locator("#operations-Keys-make_key")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_token_is_made_and_revoked(
    new_page: Callable[..., Page], axe: Callable[..., list[Any]], scheme: str
) -> None:
    page = new_page(color_scheme=scheme, viewport=PHONE)
    page.goto("/keys/tokens/")
    if not page.get_by_label("Name").is_visible():
        page.get_by_text("New token").click()
    page.get_by_label("Name").fill(f"browser {scheme}")
    page.get_by_role("button", name="Make token").click()
    expect(page.locator("#new-token")).to_contain_text("hub-pat-")
    assert axe(page) == []
    page.goto("/keys/tokens/")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name=f"Revoke browser {scheme}").click()
    expect(page.get_by_text(f"“browser {scheme}” is revoked")).to_be_visible()
    expect(page.get_by_role("button", name=f"Revoke browser {scheme}")).to_have_count(0)
