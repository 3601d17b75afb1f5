"""Fixtures for every test; CONTRIBUTING.md says which to take."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django import DjangoDbBlocker

from tests.support import browser as chromium
from tests.support import servers
from tests.support.hub import Hub, stop_all
from tests.support.scaled import ScaledHub
from tests.support.scaled import scaled_hub as running_scaled_hub
from tests.support.simulator import Simulator

_LIVE = {"hub", "start_hub", "scaled_hub", "simulator"}
_NEEDS_BROWSER = {"browser", "new_page", "page"}
_USES_DATABASE = {"db", "transactional_db"}
_SHARED_HUB = pytest.StashKey[Hub]()

# The same examples each time: a change is judged by what it changes. `make test
# ARGS=--hypothesis-profile=default` looks for new ones.
hypothesis_settings.register_profile("steady", derandomize=True)
hypothesis_settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--write-tables`: documents take what the tests find instead of being compared with it."""
    parser.addoption("--write-tables", action="store_true", help="write tables of the documents")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they stand on."""
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if used & _USES_DATABASE or item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.database)
        if used & _NEEDS_BROWSER:
            item.add_marker(pytest.mark.browser)
        if "scaled_hub" in used:
            item.add_marker(pytest.mark.scaled)
        if used & (_LIVE | _NEEDS_BROWSER):
            item.add_marker(pytest.mark.live)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Why a test had to run a second time: there is a race or chance behind it."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"second run of {report.nodeid}", sep="_")
        terminalreporter.write_line(report.longreprtext)


# --- The database inside pytest ------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's database, let go of by every thread before it is dropped."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )


@pytest.fixture(scope="session")
def redis_server() -> str:
    """The address of the Redis for tests inside pytest: keep to a namespace of your own."""
    url = servers.redis()
    if url is None:
        pytest.skip("No Redis was found.")
    return url


# --- Processes -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """The simulated provider, shared by all tests of the session."""
    running = Simulator()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def hub(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    simulator: Simulator,
) -> Iterator[Hub]:
    """A hub in the embedded shape, shared by all tests of the session.

    Make a team and a key of your own in it. To stop, kill or configure one, take `start_hub`.
    """
    running = Hub(tmp_path_factory.mktemp("hub"), LLMHUB_SIMULATOR_URL=simulator.base_url)
    running.start().remember_models()
    request.session.stash[_SHARED_HUB] = running
    yield running
    del request.session.stash[_SHARED_HUB]
    running.stop()


@pytest.fixture(scope="module", autouse=True)
def _models_as_at_first(request: pytest.FixtureRequest) -> Iterator[None]:
    """Models that a module's tests leave in the shared hub are switched off after it.

    A page shows some models unasked. Other tests rely on which.
    """
    yield
    if shared := request.session.stash.get(_SHARED_HUB, None):
        shared.switch_off_models()


@pytest.fixture
def start_hub(tmp_path: Path, simulator: Simulator) -> Iterator[Callable[..., Hub]]:
    """A function that starts a hub of the test's own: `start_hub(LLMHUB_LOG_LEVEL="DEBUG")`."""
    started: list[Hub] = []

    def start(**variables: str) -> Hub:
        variables = {"LLMHUB_SIMULATOR_URL": simulator.base_url} | variables
        started.append(Hub(tmp_path / f"hub{len(started)}", **variables))
        return started[-1].start()

    yield start
    stop_all(started)


@pytest.fixture(scope="session")
def scaled_hub(
    tmp_path_factory: pytest.TempPathFactory, simulator: Simulator
) -> Iterator[ScaledHub]:
    """Two web processes and a worker on PostgreSQL and Redis, shared by all tests."""
    if reason := servers.why_not_scaled():
        pytest.skip(reason)
    directory = tmp_path_factory.mktemp("scaled")
    with running_scaled_hub(directory, LLMHUB_SIMULATOR_URL=simulator.base_url) as running:
        yield running


# --- Browser -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. One for each module: Playwright's loop must be gone before a coroutine test."""
    program = chromium.executable()
    if program is None:
        pytest.skip("No Chromium was found; install it or name it in CHROMIUM.")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=chromium.ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def page_problems() -> chromium.Problems:
    """What went wrong in this test's pages; it must be empty when the test ends."""
    return chromium.Problems()


@pytest.fixture
def new_page(
    browser: Browser, hub: Hub, page_problems: chromium.Problems
) -> Iterator[Callable[..., Page]]:
    """A function that opens a page of `hub` in a context of its own.

    It takes what Playwright's `new_context` takes (`viewport=PHONE`, `color_scheme="dark"`), and
    `signed_in=False` for someone without an account.
    """
    contexts: list[BrowserContext] = []

    def open_page(*, signed_in: bool = True, **options: Any) -> Page:
        context = browser.new_context(
            **{"base_url": hub.url, "viewport": chromium.DESKTOP, **options}
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        if signed_in:
            chromium.sign_in(context, hub.url, hub.admin_cookies())
        page = context.new_page()
        page_problems.watch(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not page_problems, "\n".join(page_problems)


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page in a desktop window, signed in as the first admin."""
    return new_page()


@pytest.fixture
def axe() -> Callable[..., list[dict[str, Any]]]:
    """A function that lists what axe-core holds against a page."""
    if not chromium.axe_is_installed():
        pytest.skip("axe-core is not installed; `make test` does it.")
    return chromium.accessibility_violations
