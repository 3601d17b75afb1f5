"""docs/api.md says what holds."""

import re
from collections.abc import Iterator

import pytest

from llmhub.api.wires import bodies, http, routes
from llmhub.api.wires.anthropic import errors as anthropic_errors
from llmhub.api.wires.openai import errors as openai_errors
from llmhub.core import errors
from llmhub.gateway import structured
from llmhub.gateway.validation import chats, completions, embeddings, schemas
from tests.support.hub import Hub
from tests.support.process import ROOT

TEXT = (ROOT / "docs/api.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def every_error(kind: type[errors.LLMHubError]) -> Iterator[type[errors.LLMHubError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from every_error(below)


@pytest.mark.parametrize("path", routes.PATHS)
def test_every_address_is_there(path: str) -> None:
    assert f"/v1{path}`" in TEXT


OF_PAGES = ("llmhub.api.management", "playground", "providers.connection_problems")
PLAIN_ERRORS = [
    kind
    for kind in every_error(errors.LLMHubError)
    if kind.__init__ is errors.LLMHubError.__init__ and not kind.__module__.startswith(OF_PAGES)
]
ALWAYS_WITH_A_CODE_OF_ITS_OWN = {"invalid_request", "authentication", "not_found"}


@pytest.mark.parametrize("kind", PLAIN_ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_is_in_the_table(kind: type[errors.LLMHubError]) -> None:
    error = kind("x")
    shape = openai_errors.body(error)["error"]
    said = {shape["type"], anthropic_errors.body(error)["error"]["type"]}
    said |= {shape["code"]} - ALWAYS_WITH_A_CODE_OF_ITS_OWN
    rows = [line for line in TEXT.splitlines() if line.startswith(f"| {error.status} |")]
    assert any(all(f"`{word}`" in row for word in said) for row in rows), said


def test_structured_output_is_an_error_of_the_tree() -> None:
    assert structured.StructuredOutputError in set(every_error(errors.LLMHubError))


def test_limits_are_those_of_the_code() -> None:
    limits = TEXT.partition("## Limits")[2]
    for said in (
        f"{chats.MAX_MESSAGES:,}",
        f"{embeddings.MAX_INPUTS:,}",
        f"| {completions.MAX_PROMPTS} |",
        f"{bodies.MAX_DEPTH} levels",
        f"{http.PAUSE_TIMEOUT_S:g} s between",
        f"{http.BODY_TIMEOUT_S:g} s in all",
        f"{schemas.MAX_SCHEMA_BYTES // 1000} kB",
    ):
        assert said in limits


@pytest.mark.parametrize("example", EXAMPLES, ids=[str(n) for n in range(len(EXAMPLES))])
def test_examples_run(hub: Hub, example_key: str, example: str) -> None:
    code = (
        example.replace("http://127.0.0.1:8000", hub.url)
        .replace("hub-…", example_key)
        .replace('"fast"', '"sim-swift"')
    )
    names: dict[str, object] = {}
    exec(code, names)
    names["client"].close()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def example_key(hub: Hub) -> str:
    return hub.create_key("Documentation")
