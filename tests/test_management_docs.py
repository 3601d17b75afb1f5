"""docs/management-api.md: every command of the walk works as it stands there."""

import json
import re
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import environment
from tests.support.hub import ADMIN_EMAIL, Hub
from tests.support.process import ROOT

TEXT = (ROOT / "docs/management-api.md").read_text()
COMMANDS = re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)
MAKE_ADA = """
from django.contrib.auth import get_user_model
get_user_model().objects.create_user("ada", "ada@example.com")
"""


def test_walk_works(hub: Hub, tmp_path: Path) -> None:
    hub.python(MAKE_ADA)
    script = "\n".join(["set -euo pipefail", *COMMANDS])
    for written, here in (
        ("http://127.0.0.1:8000", hub.url),
        ("you@example.com", ADMIN_EMAIL),
        (".venv/bin/python manage.py", f"{ROOT}/.venv/bin/python {ROOT}/manage.py"),
    ):
        assert written in script
        script = script.replace(written, here)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment.for_process(**hub.variables),
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    key = json.loads((tmp_path / "key.json").read_text())
    (call,) = hub.calls(key_prefix=key["prefix"])
    cost = f"{Decimal(str(call['cost'])).normalize():f}"
    assert f"\n{cost}\n{cost}\n" in f"\n{done.stdout}", "by the token, by the key"
    assert f'"spent": "{cost}"' in done.stdout, "of the budget"
    assert f'"cost": "{cost}"' in done.stdout, "in the report"
    assert '"rpm": 120' in done.stdout
    assert done.stdout.endswith("revoked\n")


def test_every_path_of_the_schema_is_told() -> None:
    paths = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]
    table = TEXT.partition("## What there is")[2].partition("## Signing in")[0]
    for path in (path for path in paths if path.startswith("/api/v1/")):
        last = path.removeprefix("/api/v1").rsplit("/", 1)[-1]
        assert last in table, path


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 422, 500, 503])
def test_every_status_is_told(status: int) -> None:
    assert f"| {status} |" in TEXT
