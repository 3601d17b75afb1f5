"""Share links of the compare page: made, opened by others, taken back; what they never show."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE
from tests.support.compare_page import column, run, wait_for_end
from tests.support.hub import Hub
from tests.support.pictures import png

SECRET = "Answer like a pirate, but tell nobody."


def ask(page: Page, prompt: str) -> None:
    page.goto("/")
    run(page, prompt)
    wait_for_end(page, 1, 2)
    expect(page).to_have_url(re.compile(r"/c/"))


def make_link(page: Page, audience: str, *, cost: bool = False) -> str:
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_role("menuitem", name="Share read-only…").click()
    dialog = page.get_by_role("dialog", name="Share read-only")
    dialog.get_by_role("radio", name=audience).check()
    if cost:
        dialog.get_by_role("checkbox", name="Show what the answers cost").check()
    before = dialog.get_by_role("listitem").count()
    dialog.get_by_role("button", name="Make link").click()
    expect(dialog.get_by_role("listitem")).to_have_count(before + 1)
    address = dialog.get_by_role("textbox").last.input_value()
    dialog.get_by_role("button", name="Close").click()
    return address


def give_system_prompt(page: Page, text: str) -> None:
    column(page, 1).get_by_role("button", name="Column menu").click()
    page.get_by_role("menuitem", name="Parameters and system prompt…").click()
    page.get_by_role("textbox", name="System prompt").fill(text)
    page.get_by_role("button", name="Save").click()


def test_public_link_shows_answers_and_nothing_that_is_not_for_all(
    page: Page, new_page: Callable[..., Page]
) -> None:
    page.goto("/")
    give_system_prompt(page, SECRET)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add files").click()
    chooser.value.set_files({"name": "map.png", "mimeType": "", "buffer": png(2, 2)})
    expect(page.locator("form").get_by_role("list", name="Files")).to_contain_text("map.png")
    run(page, "echo: the **bold** answer")
    wait_for_end(page, 1, 2)
    address = make_link(page, "Everybody who has the link")
    guest = new_page(signed_in=False)
    guest.goto(address)
    expect(guest.get_by_role("article")).to_have_count(2)
    expect(guest.get_by_role("article").first.locator("strong")).to_have_text("bold")
    expect(guest.get_by_role("heading", name="sim-swift")).to_be_visible()
    picture = guest.get_by_role("link", name="map.png")
    shown = httpx.get(urlsplit(address)._replace(path="").geturl() + picture.get_attribute("href"))
    assert shown.headers["content-type"] == "image/png"
    everything = guest.content()
    assert SECRET not in everything
    assert "$" not in guest.get_by_role("main").inner_text()
    assert "/calls/" not in everything
    assert "admin@example.com" not in everything


def test_link_says_noindex_and_shows_cost_only_if_told(page: Page, hub: Hub) -> None:
    ask(page, "echo: what does it cost?")
    plain = httpx.get(make_link(page, "Everybody who has the link"))
    assert plain.status_code == 200
    assert "noindex" in plain.headers["x-robots-tag"]
    assert plain.headers["referrer-policy"] == "no-referrer"
    assert "no-store" in plain.headers["cache-control"]
    assert "$0.0" not in plain.text
    assert "$0.0" in httpx.get(make_link(page, "Everybody who has the link", cost=True)).text


def test_link_taken_back_or_guessed_is_not_found(page: Page, hub: Hub) -> None:
    ask(page, "echo: for a while")
    address = make_link(page, "Everybody who has the link")
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_role("menuitem", name="Share read-only…").click()
    dialog = page.get_by_role("dialog", name="Share read-only")
    dialog.get_by_role("button", name="Take back").click()
    expect(dialog.get_by_text("There is no link yet.")).to_be_visible()
    for path in (urlsplit(address).path, "/s/guessed/", f"/s/{'A' * 43}/"):
        found = httpx.get(hub.url + path)
        assert found.status_code == 404
        assert "for a while" not in found.text


def test_link_for_the_team_opens_for_its_people_only(page: Page, hub: Hub) -> None:
    ask(page, "echo: among us")
    address = make_link(page, "signed in")
    assert httpx.get(address).status_code == 404
    with hub.admin_login() as browser:
        assert "among us" in browser.get(address).text
    hub.python(
        "from django.contrib.auth import get_user_model as u;"
        "u().objects.create_user('stranger', 'stranger@example.com', 'long enough password')"
    )
    with httpx.Client(base_url=hub.url, headers={"Referer": hub.url}) as stranger:
        login = stranger.get("/accounts/login/").text
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', login)
        assert token
        form = {"login": "stranger@example.com", "password": "long enough password"}
        stranger.post("/accounts/login/", data={**form, "csrfmiddlewaretoken": token[1]})
        assert stranger.get(urlsplit(address).path).status_code == 404


def test_link_to_a_blind_test_names_no_model(page: Page) -> None:
    page.goto("/")
    page.get_by_role("switch", name="Blind").check()
    run(page, "echo: guess who")
    wait_for_end(page, 1, 2)
    shown = httpx.get(make_link(page, "Everybody who has the link")).text
    assert "guess who" in shown
    assert "sim-" not in shown
    assert "Answer A" in shown
    assert "tokens/s" not in shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_for_axe_to_find_on_a_shared_page(
    page: Page, new_page: Callable[..., Page], axe: Callable[..., list[object]], scheme: str
) -> None:
    ask(page, "Show me a table and some code, please.")
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_role("menuitem", name="Share read-only…").click()
    dialog = page.get_by_role("dialog", name="Share read-only")
    dialog.get_by_role("button", name="Make link").click()
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    assert axe(page) == []
    address = dialog.get_by_role("textbox").last.input_value()
    for size in ({}, {"viewport": PHONE}):
        reader = new_page(color_scheme=scheme, **size)
        reader.goto(address)
        expect(reader.get_by_role("article")).to_have_count(2)
        assert axe(reader) == []
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not reader.evaluate(wide)
