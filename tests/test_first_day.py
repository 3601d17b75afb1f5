"""The mistakes of a first day: what a person reads, and that it says what to do next.

A wrong key, a wrong model, a wrong base URL, no quota, no network: over the API, in the playground
and at the admin's button "Test connection".
"""

import asyncio
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.support.hub import Hub, bearer
from tests.support.servers import free_port
from tests.support.simulator import Simulator
from tests.support.socket import column, open_socket
from tests.support.waiting import eventually

NOWHERE = free_port()


@dataclass(frozen=True, slots=True)
class Mistake:
    """A credential with a mistake in it, what a call through it says, and what its test says.

    `{…}` stands for an address. The pieces must come in this order.
    """

    settings: str
    call: tuple[str, ...]
    test: tuple[str, ...]
    status: int = 502
    model: str = "sim-swift"


MISTAKES = {
    "wrong-key": Mistake(
        'base_url = "{simulator}/v1"\napi_key = "sk-bad"',
        ("refused the hub's credential (401)", "An admin can enter a new key under Credentials"),
        ("refused the API key", "Copy the key again from the provider's console"),
    ),
    "wrong-model": Mistake(
        'base_url = "{simulator}/v1"',
        ("does not know 'gpt-5-superb'", "Check the upstream model's name"),
        ("works: it answered in",),
        status=404,
        model="gpt-5-superb",
    ),
    "without-v1": Mistake(
        'base_url = "{picky}"',
        ("does not know 'sim-swift'", "or the credential's base URL"),
        ("there is one under /v1", "Set the base URL to {picky}/v1 and save"),
        status=404,
    ),
    "website": Mistake(
        'base_url = "{picky}/welcome"',
        ("something that is no completion", "Check that the credential's base URL"),
        ("not with JSON, so this is no API", "Check the base URL"),
    ),
    "website-404": Mistake(
        'base_url = "{hub}/usage"',
        (
            "answered 404 with a web page, so its base URL is most likely not that of the API",
            "mend it under Credentials; it often ends in /v1",
        ),
        ("A server answered, but it has no list of models", "If the base URL is wrong, mend it"),
        status=404,
    ),
    "no-tls": Mistake(
        'base_url = "{tls}/v1"',
        ("does not speak TLS", "should begin with http:// rather than https://"),
        ("does not speak TLS", "should begin with http:// or https://"),
    ),
    "no-quota": Mistake(
        'base_url = "{simulator}/v1"',
        ("quota is used up", "Top up the account there, or give the model another deployment"),
        ("works: it answered in",),
        status=429,
        model="sim-fault-quota",
    ),
    "not-running": Mistake(
        f'base_url = "http://127.0.0.1:{NOWHERE}/v1"',
        (f"Nothing answers at http://127.0.0.1:{NOWHERE}/v1", "Check that the service runs"),
        ("Nothing answers at", "Check the base URL's host and port"),
    ),
    "no-network": Mistake(
        'base_url = "https://api.openai.invalid/v1"',
        ("(https://api.openai.invalid/v1) can't be found", "Check the base URL and this machine's"),
        ("No machine by the name api.openai.invalid was found", "this machine is on the network"),
    ),
}


class Picky(BaseHTTPRequestHandler):
    """A server with its API under /v1 and web pages elsewhere."""

    def do_GET(self) -> None:
        if self.path.startswith("/v1/models"):
            self.answer(200, "application/json", b'{"data": [{"id": "sim-swift"}]}')
        elif self.path.startswith("/welcome"):
            self.answer(200, "text/html", b"<html><body>Welcome!</body></html>")
        else:
            self.answer(404, "application/json", b'{"detail": "Not Found"}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def addresses(hub: Hub, simulator: Simulator) -> Iterator[dict[str, str]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Picky)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield {
        "hub": hub.url,
        "simulator": simulator.url,
        "picky": f"http://127.0.0.1:{server.server_port}",
        "tls": simulator.url.replace("http:", "https:"),
    }
    server.shutdown()
    thread.join()
    server.server_close()


def filled_in(text: str, addresses: dict[str, str]) -> str:
    for name, address in addresses.items():
        text = text.replace(f"{{{name}}}", address)
    return text


@pytest.fixture(scope="module")
def key(hub: Hub, addresses: dict[str, str]) -> str:
    credentials = [
        f'[providers.day-{name}]\nkind = "openai_compatible"\nmax_retries = 0\n'
        + filled_in(mistake.settings, addresses)
        for name, mistake in MISTAKES.items()
    ]
    hub.import_config("\n".join(credentials))
    key = hub.create_key("First day")
    eventually(
        lambda: hub.chat(key, "day-wrong-model/sim-instant").status_code == 200, "the credentials"
    )
    return key


def check(said: str, pieces: tuple[str, ...], addresses: dict[str, str]) -> None:
    """The pieces stand in what was said, in their order, and no secret does."""
    place = 0
    for piece in pieces:
        wanted = filled_in(piece, addresses)
        assert wanted in said[place:], said
        place = said.index(wanted, place) + len(wanted)
    assert "sk-bad" not in said


@pytest.mark.parametrize("name", MISTAKES)
def test_call_says_what_to_do(hub: Hub, key: str, addresses: dict[str, str], name: str) -> None:
    mistake = MISTAKES[name]
    answer = hub.chat(key, f"day-{name}/{mistake.model}")
    assert answer.status_code == mistake.status
    said = answer.json()["error"]["message"]
    assert f"day-{name}" in said
    check(said, mistake.call, addresses)


def test_playground_says_the_same(hub: Hub, key: str, addresses: dict[str, str]) -> None:
    async def said() -> dict[str, str]:
        models = {f"day-{name}/{mistake.model}": name for name, mistake in MISTAKES.items()}
        async with open_socket(hub) as socket:
            await socket.run("Hello", [column(model) for model in models])
            await socket.until_type("started", "error", count=2 * len(models))
            started, errors = (
                [f for f in socket.frames if f["type"] == kind] for kind in ("started", "error")
            )
            names = {f["run"]: models[f["model"]] for f in started}
            return {names[f["run"]]: f["error"]["message"] for f in errors}

    found = asyncio.run(said())
    assert found.keys() == MISTAKES.keys()
    for name, message in found.items():
        check(message, MISTAKES[name].call, addresses)


@pytest.mark.parametrize("name", MISTAKES)
def test_button_of_the_admin_says_what_to_do(
    hub: Hub, key: str, addresses: dict[str, str], name: str
) -> None:
    (row,) = hub.query("select id from providers_credential where name = %s", f"day-{name}")
    page = hub.admin_login().post(
        f"/admin/providers/credential/{row['id']}/test/", follow_redirects=True
    )
    assert page.status_code == 200
    messages = re.search(r'class="messagelist".*?</ul>', page.text, re.DOTALL)
    assert messages, page.text
    check(" ".join(html.unescape(messages[0]).split()), MISTAKES[name].test, addresses)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "No API key was sent. Send it as `Authorization: Bearer KEY`"),
        ("sk-from-openai-0123456789", "its keys begin with hub-. Make one on the Keys page"),
        ("hub-0123456789abcdef", "is not known here. Copy it again; if it was deleted, make a new"),
    ],
)
def test_wrong_key_of_the_hub_says_where_to_get_one(hub: Hub, given: str, says: str) -> None:
    answer = httpx.post(
        f"{hub.url}/v1/chat/completions", headers=bearer(given) if given else {}, json={}
    )
    assert answer.status_code == 401
    assert says in answer.json()["error"]["message"]
    assert not given or given not in answer.text


def test_wrong_model_name_brings_near_ones(hub: Hub, key: str) -> None:
    answer = hub.chat(key, "sim-swiftt")
    assert answer.status_code == 404
    assert "There is no model 'sim-swiftt' here. Did you mean sim-swift" in answer.text
