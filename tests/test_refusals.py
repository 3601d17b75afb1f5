"""Pages for people who may not see what they ask for, and the switch between teams."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from playwright.sync_api import Page, expect

from llmhub.teams.models import Team
from llmhub.teams.pages import answers
from tests.support.browser import PHONE, Problems
from tests.support.hub import Hub
from tests.team_pages import User, person_in

LOST = "You are not in a team yet"
EVERY_PAGE = [
    "/", "/history/", "/ratings/", "/ratings/report/", "/ratings/export/", "/suites/",
    "/replays/", "/replays/new/", "/usage/",
    "/usage/report/", "/usage/data/", "/calls/", "/calls/tail/", "/calls/export/", "/keys/",
    "/team/", "/team/budgets/", "/team/settings/", "/team/changes/", "/presets/",
]  # fmt: skip


@pytest.fixture
def loner() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("loner", "loner@example.com"))
    return client


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


# --- Without a team -------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", EVERY_PAGE)
def test_person_without_a_team_is_told_what_to_do(loner: Client, path: str) -> None:
    answer = loner.get(path)
    assert answer.status_code == 403
    assert LOST in answer.content.decode()
    assert "Ask an owner of a team for an invitation" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_person_without_a_team_can_put_nothing_anywhere(loner: Client) -> None:
    for path in ("/presets/", "/suites/create/", "/attachments/"):
        answer = loner.post(path, {"name": "x", "columns": "[]"})
        assert 400 <= answer.status_code < 500, (path, answer.status_code)


@pytest.mark.django_db(transaction=True)
def test_who_may_start_a_team_is_led_there(loner: Client) -> None:
    permission = Permission.objects.get(codename="add_team")
    User.objects.get(username="loner").user_permissions.add(permission)
    assert 'href="/team/new/"' in loner.get("/history/").content.decode()


# --- What somebody may not do ---------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_refusal_says_why(team: Team) -> None:
    answer = person_in(team, "viewer").post("/keys/create/", {"team": "ours", "name": "x"})
    assert answer.status_code == 403
    assert "Viewers can&#x27;t make keys." in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_reason_is_text_and_may_be_missing(rf: RequestFactory) -> None:
    request = rf.get("/x")
    request.user = User.objects.create_user("somebody")
    page = answers.forbidden(request, PermissionDenied("<b>no</b>")).content.decode()
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "does not allow it" in answers.forbidden(request, PermissionDenied()).content.decode()


# --- Switching ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("origin", "leads_to"),
    [
        ("/usage/", "/usage/?team=others"),
        ("/calls/01a1fbed-0000-7000-8000-000000000000/", "/calls/?team=others"),
        ("/keys/", "/keys/"),
        ("/keys/7/", "/keys/"),
        ("/keys/tokens/", "/keys/tokens/"),
        ("/team/", "/team/"),
        ("/team/budgets/3/", "/team/budgets/"),
        ("/team/settings/", "/team/"),
        ("/history/", "/history/"),
        ("/suites/01a1fbed-0000-7000-8000-000000000000/", "/suites/"),
        ("/ratings/", "/ratings/"),
        ("/c/01a1fbed-0000-7000-8000-000000000000/", "/"),
        ("https://evil.example/keys/", "/"),
        ("//evil.example", "/"),
        ("", "/"),
    ],
)
def test_switch_stays_with_the_kind_of_page(team: Team, origin: str, leads_to: str) -> None:
    client = person_in(team, "owner", "me")
    other = Team.objects.create(name="Others", slug="others")
    person_in(other, "viewer", "me")
    answer = client.post("/team/switch/", {"team": other.pk, "page": origin})
    assert (answer.status_code, answer["Location"]) == (302, leads_to)
    assert client.session["team_id"] == other.pk
    assert 'href="/keys/?team=others"' in client.get("/keys/").content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("chosen", ["theirs", "", "²", "999999999999999999999"])
def test_switch_to_another_team_is_refused(team: Team, chosen: str) -> None:
    theirs = Team.objects.create(name="Theirs", slug="theirs")
    client = person_in(team, "owner")
    asked = {"team": theirs.pk if chosen == "theirs" else chosen, "page": "/keys/"}
    page = client.post("/team/switch/", asked, follow=True).content.decode()
    assert "You are not a member of that team." in page
    assert "Theirs" not in page


def test_bar_switches_the_team_and_stays_on_the_page(page: Page, hub: Hub) -> None:
    hub.create_key("Switched to")
    page.goto("/keys/")
    page.locator("summary", has_text="Team:").click()
    page.get_by_role("button", name="Switched to", exact=True).click()
    page.wait_for_url("**/keys/")
    expect(page.locator("summary", has_text="Team:")).to_contain_text("Switched to")
    page.goto("/usage/")
    page.locator("summary", has_text="Team:").click()
    page.get_by_role("button", name="Default", exact=True).click()
    page.wait_for_url("**/usage/?team=default")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_without_a_team_is_accessible(
    new_page: Callable[..., Page],
    axe: Callable[..., list[Any]],
    page_problems: Problems,
    hub: Hub,
    scheme: str,
) -> None:
    page = new_page(signed_in=False, color_scheme=scheme, viewport=PHONE)
    session = hub.python(
        "from django.contrib.auth import get_user_model; from django.test import Client;"
        "person, _ = get_user_model().objects.get_or_create(username='loner');"
        "client = Client(); client.force_login(person);"
        "print(client.cookies['llmhub_session'].value)"
    ).strip()
    page.context.add_cookies([{"name": "llmhub_session", "value": session, "url": hub.url}])
    page.goto("/team/budgets/")
    expect(page.get_by_role("heading", name=LOST)).to_be_visible()
    page_problems.clear()  # the page is a 403
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
