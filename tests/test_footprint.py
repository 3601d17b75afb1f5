"""What a hub costs that nobody asked for litellm: its memory, and what it has imported."""

import os
import subprocess
from collections.abc import Callable

import psutil

from tests.support import environment
from tests.support.hub import Hub
from tests.support.process import ROOT, python

LIMIT_MB = 160
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
    (pid,) = [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if str(hub.port) in (process.info["cmdline"] or []) and process.pid != os.getpid()
    ]
    megabytes = psutil.Process(pid).memory_info().rss / 1_000_000
    assert megabytes < LIMIT_MB


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
