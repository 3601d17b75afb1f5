"""How providers are doing, as an admin and a person in the playground see it."""

import html
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import DESKTOP, PHONE, Problems
from tests.support.hub import Hub
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

HEALTH = "/admin/providers/health/"
CONFIG = """
[providers.refused]
kind = "openai_compatible"
base_url = "{url}"
api_key = "sk-bad"

[providers.shaky]
kind = "simulator"
max_retries = 0

[models.refused-model]
deployments = [{{ provider = "refused", model = "sim-instant" }}]

[models.shaky-model]
deployments = [
  {{ provider = "shaky", model = "sim-instant:fault=500" }},
  {{ provider = "shaky", model = "sim-instant", priority = 2 }},
]
"""


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Hub]:
    """A hub that tests its credentials every second."""
    running = Hub(
        tmp_path_factory.mktemp("checked"),
        LLMHUB_SIMULATOR_URL=simulator.base_url,
        LLMHUB_HEALTH_CHECK_SECONDS="1",
    )
    running.start()
    running.import_config(CONFIG.format(url=simulator.base_url))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def admin(checked: Hub) -> httpx.Client:
    return checked.admin_login()


def text(client: httpx.Client, path: str) -> str:
    return html.unescape(client.get(path).text)


def test_worker_finds_a_refused_key_and_the_playground_says_so(
    checked: Hub, admin: httpx.Client
) -> None:
    eventually(lambda: "Incorrect API key" in text(admin, "/"), "the reason in the list", 30)
    assert "Incorrect API key" in text(admin, HEALTH)
    assert httpx.get(f"{checked.url}/readyz").status_code == 200
    said = checked.python(
        "from llmhub.api.python import SyncHub\n"
        "with SyncHub() as hub:\n"
        "    print(hub._hub.health_check())\n"
    )
    assert "'refused-model': False" in said
    assert "'sim-swift': True" in said


def test_page_shows_errors_and_times_of_deployments(checked: Hub, admin: httpx.Client) -> None:
    key = checked.create_key("Health")
    for _ in range(2):
        assert checked.chat(key, "shaky-model").status_code == 200
    page = text(admin, HEALTH)
    faulty = page[page.index("shaky/sim-instant:fault=500") :].partition("</tr>")[0]
    assert "100.0 % of 2" in faulty
    assert "failing" in faulty
    good = page[page.rindex("shaky/sim-instant") :].partition("</tr>")[0]
    assert "0.0 % of 2" in good
    assert "works" in good
    assert " ms" in good


def test_check_now_tests_at_once_and_leaves_a_trail(hub: Hub) -> None:
    admin = hub.admin_login()
    answer = admin.post(HEALTH, data={"credential": ""}, follow_redirects=True)
    assert "Checked" in answer.text
    assert "simulator works" in answer.text
    trail = hub.query(
        "select * from core_auditentry where action = %s and object_label = %s",
        "test_connection",
        "simulator",
    )
    assert trail


def test_page_is_for_admins(hub: Hub) -> None:
    assert httpx.get(f"{hub.url}{HEALTH}").status_code == 302


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_page_is_for_everybody(
    new_page: Callable[..., Page],
    axe: Callable[..., Any],
    page_problems: Problems,
    width: dict[str, int],
    scheme: str,
) -> None:
    page = new_page(viewport=width, color_scheme=scheme)
    page.goto("/admin/providers/credential/")
    page.get_by_role("link", name="Health").click()
    page.get_by_role("button", name="Check now: simulator").click()
    expect(page.get_by_text("Checked 1 credential: 1 work.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [one["id"] for one in axe(page)] == []
    page_problems.clear()  # axe styles elements to measure them, which the policy refuses
