"""docs/providers.md says what the catalog says, and its examples work."""

import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from llmhub.core.errors import ProviderError
from llmhub.gateway.answers import whole
from providers import registry, transports
from providers.catalog import CATALOG
from providers.kinds import ProviderKind
from providers.models import Credential
from providers.prices import UNKNOWN
from providers.registry import Target
from providers.transports import http_client
from tests.golden import replay
from tests.golden.replay import Upstream
from tests.support import environment
from tests.support.process import ROOT, python

DOCUMENT = (ROOT / "docs/providers.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)


def row(kind: ProviderKind) -> str:
    """A row of the document's table."""
    cells = [
        f"`{kind.kind}`",
        f"[{kind.label}]({kind.docs})" if kind.docs else kind.label,
        kind.wire,
        f"`{kind.base_url}`" if kind.base_url else "yours" if kind.needs_base_url else "–",
        " or ".join(f"`{name}`" for name in kind.env_key) or "–",
        f"`{kind.auth.partition(':')[0]}`",
        ", ".join(sorted(kind.capabilities)),
    ]
    return f"| {' | '.join(cells)} |"


def test_the_table_has_the_catalogs_rows() -> None:
    expected = [row(kind) for kind in CATALOG.values() if kind.implementation is None]
    written = [line for line in DOCUMENT.splitlines() if line.startswith("| `")]
    assert written[: len(expected)] == expected, "the table should be:\n" + "\n".join(expected)


@pytest.mark.parametrize("kind", CATALOG.values(), ids=CATALOG.keys())
def test_options_are_named(kind: ProviderKind) -> None:
    for name in kind.options:
        assert f"`{name}`" in DOCUMENT


@pytest.fixture
def registered() -> Iterator[None]:
    """Kinds that a test adds are gone after it."""
    before = dict(CATALOG)
    yield
    CATALOG.clear()
    CATALOG.update(before)


@pytest.fixture(scope="module")
async def upstream() -> AsyncIterator[Upstream]:
    async with replay.serving() as running:
        yield running
        http_client.close()


def credential(kind: str, base_url: str = "") -> Target:
    access = registry.open_access(
        Credential(name=f"{kind}_1", kind=kind, api_key="key", base_url=base_url)
    )
    return Target(None, "t", access, "acme-large", UNKNOWN)


def chat(**more: Any) -> dict[str, Any]:
    return {"model": "public", "messages": [{"role": "user", "content": "Hello"}], **more}


def answer(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "model": "acme-large", "choices": [choice]}


async def test_the_shortest_class_is_enough(registered: None, upstream: Upstream) -> None:
    exec(EXAMPLES[0], {})
    target = credential("acme", upstream.url)
    assert CATALOG["acme"].label == "Acme"
    upstream.answer(answer("Hi."))
    reply = await transports.for_target(target).complete(target, "chat", chat())
    assert upstream.received["path"] == "/chat/completions"
    assert upstream.received["headers"]["authorization"] == "Bearer key"
    assert whole(reply.data).text == "Hi."


async def test_a_class_can_change_headers_address_and_body(
    registered: None, upstream: Upstream
) -> None:
    exec(EXAMPLES[1], {})
    target = credential("acme", upstream.url)
    upstream.answer(answer("Hi."))
    await transports.for_target(target).complete(target, "chat", chat(logprobs=True))
    assert upstream.received["path"] == "/llm/chat/completions"
    assert upstream.received["headers"]["x-acme-project"] == "acme_1"
    assert target.access.headers["X-Acme-Project"] == "acme_1"
    assert upstream.received["body"] == {**chat(), "model": "acme-large", "tier": "gold"}
    facts = CATALOG["acme"].models["acme-large"]
    assert (facts.context_window, facts.output_cost_per_1m) == (200_000, 4.0)


async def test_a_class_can_answer_on_its_own(registered: None) -> None:
    exec(EXAMPLES[2], {})
    target = credential("echo")
    transport = transports.for_target(target)
    reply = await transport.complete(target, "chat", chat())
    assert whole(reply.data).text == "Hello"
    opened = await transport.stream(target, "chat", chat(stream=True))
    streamed, _, _ = await replay.collected(opened)
    assert streamed.text == "Hello"
    assert streamed.finish_reason == "stop"


async def test_a_class_that_fails_fails_its_calls_only(registered: None) -> None:
    from providers.custom import register_provider

    @register_provider("broken")
    class Broken:
        def headers(self, access: Any) -> dict[str, str]:
            raise KeyError("headers")

        async def complete(self, *_: Any) -> Any:
            raise KeyError("sk-secret-secret-secret")

        async def stream(self, *_: Any) -> Any:
            return self

        async def next(self) -> Any:
            raise KeyError("next")

        def close(self) -> None: ...

    target = credential("broken")
    transport = transports.for_target(target)
    with pytest.raises(ProviderError, match=r"class for this provider failed \(KeyError\)") as said:
        await transport.complete(target, "chat", chat())
    assert "secret" not in said.value.message
    opened = await transport.stream(target, "chat", chat(stream=True))
    with pytest.raises(ProviderError, match="failed"):
        await opened.next()


def test_a_class_that_cannot_answer_is_refused(registered: None) -> None:
    from providers.custom import register_provider

    with pytest.raises(TypeError, match="Mute has no method complete"):

        @register_provider("mute")
        class Mute:
            pass


def test_a_class_in_an_installed_app_is_found_at_the_start(tmp_path: Path) -> None:
    app = tmp_path / "acme_app"
    app.mkdir()
    (app / "__init__.py").touch()
    (app / "llm_providers.py").write_text(EXAMPLES[0])
    (tmp_path / "acme_settings.py").write_text(
        "from llmhub.settings import *\nINSTALLED_APPS = [*INSTALLED_APPS, 'acme_app']\n"
    )
    program = (
        "import django; django.setup()\n"
        "from providers.models import Credential\n"
        "print(dict(Credential._meta.get_field('kind').flatchoices)['acme'])"
    )
    done = subprocess.run(
        python("-c", program),
        cwd=ROOT,
        env=environment.for_process(
            DJANGO_SETTINGS_MODULE="acme_settings",
            PYTHONPATH=f"{tmp_path}:{ROOT}",
            LLMHUB_DATA_DIR=str(tmp_path / "data"),
        ),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "Acme", done.stderr
