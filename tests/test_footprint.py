"""What a hub costs that nobody asked for litellm: its memory, and what it has imported."""

import os
import subprocess
from collections.abc import Callable

import psutil

from tests.support import environment
from tests.support.hub import Hub
from tests.support.process import ROOT, python
from tests.support.waiting import eventually

LIMIT_MB = 160
GROWTH_MB = 25
VOTES = """
from django.contrib.auth import get_user_model
from llmhub.teams.models import Team
from playground.ratings.votes import Candidate, record
record(team_id=Team.objects.get(name="Default").pk, user_id=get_user_model().objects.first().pk,
       blind=True, verdict="best", winner=0,
       candidates=[Candidate("alpha", "1"), Candidate("beta", "2")])
"""
WITHOUT_LITELLM = """
import sys, llmhub.asgi
from providers import registry
print([name for name in sys.modules if name.split(".")[0] == "litellm"])
"""


def test_web_process_stays_small(start_hub: Callable[..., Hub]) -> None:
    hub = start_hub()
    key = hub.create_key(name="footprint")
    for _ in range(20):
        assert hub.chat(key, "simulator/sim-instant", stream=True).status_code == 200
    megabytes = _web_process(hub).memory_info().rss / 1_000_000
    assert megabytes < LIMIT_MB


def test_ratings_are_fitted_in_a_process_that_ends(start_hub: Callable[..., Hub]) -> None:
    hub = start_hub()
    hub.python(VOTES)
    web = _web_process(hub)
    before = web.memory_info().rss
    with hub.admin_login() as person:
        assert "Working out" in person.get("/ratings/report/").text
        eventually(lambda: person.get("/ratings/report/?poll=1").status_code == 200, "ratings", 60)
        assert "alpha" in person.get("/ratings/report/").text
    assert web.memory_info().rss - before < GROWTH_MB * 1_000_000
    assert not any("fit_process" in " ".join(child.cmdline()) for child in web.children())


def _web_process(hub: Hub) -> psutil.Process:
    (pid,) = [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if str(hub.port) in (process.info["cmdline"] or []) and process.pid != os.getpid()
    ]
    return psutil.Process(pid)


def test_starting_imports_no_litellm() -> None:
    done = subprocess.run(
        python("-c", WITHOUT_LITELLM),
        cwd=ROOT,
        env=environment.for_process(DJANGO_SETTINGS_MODULE="llmhub.settings"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]", done.stderr
