"""What holds for every page but the playground's: nothing for axe to find, nothing sticks out of
the window, it is painted within a second, nothing in it jumps, and its console is empty."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import browser as chromium
from tests.support.hub import Hub
from tests.support.simulator import Simulator
from tests.support.suites import Suites
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow
WIDE = {"width": 1440, "height": 900}
LOOKS = {
    "light and wide": {"viewport": WIDE, "color_scheme": "light"},
    "dark and narrow": {"viewport": chromium.PHONE, "color_scheme": "dark"},
}
PAINTED_MS = 1000
MOST_SHIFT = 0.1
LOADS = 3
LONG = 30_000
ROWS = "prompt,assert:equals\necho: a,a\necho: b,c\n"

# A name in braces is found by `furnished`; "!" is for somebody who is not signed in.
PAGES = (
    "!/accounts/login/",
    "!{shared}",
    "!{invitation}",
    "/history/",
    "/history/?q=nothing",
    "/usage/?period=30d",
    "/calls/",
    "/calls/?q=nothing+has+this",
    "{call}",
    "/ratings/",
    "/ratings/?tag=none",
    "/replays/",
    "/replays/new/",
    "/suites/",
    "{suite}",
    "{suite}models/new/",
    "{suite}rows/",
    "{suite}import/",
    "{run}",
    "/keys/",
    "{key}",
    "/keys/tokens/",
    "/team/",
    "/team/budgets/",
    "/team/settings/",
    "/team/changes/",
    "/team/new/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/api/docs",
    "/nowhere/",
    "/admin/",
    "/admin/providers/credential/",
    "{credential}",
    "/admin/providers/modelmap/",
    "{model}",
    "/admin/providers/health/",
    "/admin/prompt_rules/promptrule/",
    "/admin/prompt_rules/promptrule/add/",
    "/admin/teams/virtualkey/",
    "/admin/teams/virtualkey/add/",
    "/admin/teams/budget/",
    "/admin/teams/budget/add/",
)
# Of Swagger UI's own markup: a button inside each operation's head, and headings after its summary.
NOT_OURS = {rule: {"enabled": False} for rule in ("nested-interactive", "heading-order")}
MISSING = {"/nowhere/"}

FURNISH = """
from django.contrib.auth import get_user_model
from llmhub.teams import invitations
from llmhub.teams.models import Team, VirtualKey
from llmhub.usage.models import RequestLog
from playground import sharing
from playground.models import Answer, Column, Comparison, Turn
from playground.ratings.votes import Candidate, record
from providers.models import Credential, ModelMap
team, person = Team.objects.get(name="Default"), get_user_model().objects.first()
for winner in (0, 0, 1):
    record(team_id=team.pk, user_id=person.pk, blind=True, verdict="best", winner=winner,
           candidates=[Candidate("fast", "1"), Candidate("gpt-4o", "2")])
comparison = Comparison.objects.create(team=team, owner=person, name="Rivers")
turn = Turn.objects.create(comparison=comparison, prompt="Why do rivers meander?")
for place, model in enumerate(("sim-swift", "sim-sage")):
    column = Column.objects.create(comparison=comparison, position=place, model=model)
    Answer.objects.create(turn=turn, column=column, status="success", content="Because **so**.")
link = sharing.create(comparison, audience="public", shows_cost=True, person=person)
_, token = invitations.invite(team=team, acting_user=person)
print("invitation", f"/invitations/{token}/")
print("shared", f"/s/{link.token}/")
print("call", f"/calls/{RequestLog.objects.exclude(status='running').first().pk}/")
print("key", f"/keys/{VirtualKey.objects.first().pk}/")
print("credential", f"/admin/providers/credential/{Credential.objects.first().pk}/change/")
print("model", f"/admin/providers/modelmap/{ModelMap.objects.first().pk}/change/")
"""


# How far things have jumped without anybody having touched them (Layout Instability's score).
OBSERVE = """
let moved = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) moved += entry.value;
}).observe({ type: "layout-shift", buffered: true });
globalThis.shift = () => moved;
"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def load(page: Page, path: str) -> float:
    """Open a page to its end; after how many milliseconds something was to be seen."""
    page.goto(path)
    page.wait_for_load_state("networkidle")
    expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=LONG)
    return float(eventually(lambda: page.evaluate(PAINTED), "a first paint"))


@pytest.fixture(scope="module")
def furnished(
    tmp_path_factory: pytest.TempPathFactory, simulator: Simulator
) -> Iterator[tuple[Hub, dict[str, str]]]:
    """A hub with something on every page, and the addresses of what it has."""
    hub = Hub(tmp_path_factory.mktemp("pages"), LLMHUB_SIMULATOR_URL=simulator.base_url)
    hub.start()
    hub.manage("demo_calls", "300", "--seed", "4")
    suites = Suites(hub)
    suite = suites.suite(
        "sim-swift", "sim-sage", rows="prompt,assert:equals\necho: a,a\necho: b,c\n"
    )
    run = suites.start(suite)
    suites.ended(run)
    told = hub.python(FURNISH).split()
    places = dict(zip(told[::2], told[1::2], strict=True))
    yield hub, places | {"suite": suite, "run": run}
    hub.stop()


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_page(
    browser: Browser,
    furnished: tuple[Hub, dict[str, str]],
    axe: Callable[..., list[dict[str, Any]]],
    name: str,
    look: str,
) -> None:
    hub, places = furnished
    context = browser.new_context(base_url=hub.url, **LOOKS[look])
    context.add_init_script(OBSERVE)
    if not name.startswith("!"):
        chromium.sign_in(context, hub.url, hub.admin_cookies())
    problems = chromium.Problems()
    try:
        page = context.new_page()
        problems.watch(page)
        path = name.lstrip("!").format(**places)
        painted = min(load(page, path) for _ in range(LOADS))
        assert painted < PAINTED_MS
        assert page.evaluate("shift()") < MOST_SHIFT
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if name not in MISSING:  # where the answer itself is an error
            assert not problems, "\n".join(problems)
        assert axe(page, rules=NOT_OURS if path == "/api/docs" else {}) == []
    finally:
        context.close()
