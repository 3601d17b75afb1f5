"""Programs that people use, unmodified, against a running hub.

Each script in `scripts/` prints what its client got as one JSON object, with an entry for each
thing that it tries.
"""

import json
import re
import subprocess
from functools import cache
from typing import Any

import pytest

from tests.clients.catalog import CLIENTS, Client
from tests.clients.environments import UnavailableError, command
from tests.support import environment
from tests.support.hub import Hub
from tests.support.process import ROOT

RUN_SECONDS = 90
VECTOR_LENGTH = 256
TRIED = [(client, name) for client in CLIENTS for name in client.tries]

pytestmark = pytest.mark.slow


@cache
def _results(client: Client, hub_url: str, key: str) -> dict[str, Any] | str:
    """What the client got; a text if it can't be had here."""
    try:
        line = command(client)
    except UnavailableError as error:
        return str(error)
    done = subprocess.run(
        line,
        env=environment.for_process(HUB_URL=hub_url, HUB_KEY=key),
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Clients")


@pytest.fixture
def results(request: pytest.FixtureRequest, hub: Hub, key: str) -> dict[str, Any]:
    """What the client of this test got. It is run once for all tests."""
    client: Client = request.getfixturevalue("client")
    found = _results(client, hub.url, key)
    if isinstance(found, str):
        pytest.skip(f"{client.name}: {found}")
    assert set(found) == set(client.tries)
    return found


@pytest.mark.parametrize(
    ("client", "name"), TRIED, ids=[f"{client.name}-{name}" for client, name in TRIED]
)
def test_client_works_unmodified(client: Client, name: str, results: dict[str, Any]) -> None:
    got = results[name]
    if name.endswith("complete"):
        assert got == "hello there"
    elif name.endswith("stream"):
        assert "".join(got) == "one two three"
        assert len(got) > 1, "it came at once"
    elif name == "tool":
        assert got == {"name": "get_weather", "arguments": {"city": "Paris"}}
    elif name == "structured":
        assert isinstance(got["city"], str)
        assert isinstance(got["people"], int)
    elif name == "embedding":
        assert got == VECTOR_LENGTH
    else:
        assert got["status"] == 404
        assert "Did you mean sim-swift" in got["message"]


def test_client_that_can_not_be_had_is_left_out_with_a_reason() -> None:
    missing = Client("missing_python", "python", ("/no/such/package",), ())
    with pytest.raises(UnavailableError, match="could not be installed"):
        command(missing)


# --- What docs/clients.md says -------------------------------------------------------------------


def test_documented_versions_are_those_that_are_tried() -> None:
    text = (ROOT / "docs/clients.md").read_text()
    documented = re.findall(r"`([@\w/.\[\]-]+(?:==|@)[\w.]+)`", text)
    tried = [package for client in CLIENTS for package in client.packages]
    assert sorted(documented) == sorted(tried)
