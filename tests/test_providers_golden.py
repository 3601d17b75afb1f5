"""Each provider's documented format, request and answer, through the transport that speaks it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from providers.catalog import CATALOG
from providers.transports import http_client
from tests.golden import replay
from tests.golden.replay import Upstream

WITHOUT_CHAT = {"brave_search", "litellm", "openai_compatible", "simulator"}


@pytest.fixture(scope="module")
async def upstream() -> AsyncIterator[Upstream]:
    async with replay.serving() as running:
        yield running
        http_client.close()


def name_of(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def direct() -> list[Path]:
    """Transcripts but for those that take litellm, which have a test of their own."""
    return [file for file in replay.transcripts() if not replay.takes_litellm(file)]


@pytest.mark.parametrize("file", direct(), ids=name_of)
async def test_a_call_goes_out_and_comes_back_as_documented(upstream: Upstream, file: Path) -> None:
    await replay.play(upstream, file)


def test_every_kind_of_the_catalog_has_transcripts() -> None:
    told = {file.parent.name for file in replay.transcripts()}
    assert told == CATALOG.keys() - WITHOUT_CHAT


@pytest.mark.parametrize("file", sorted(replay.HERE.glob("*/*.txt")), ids=name_of)
def test_a_stream_says_that_it_was_not_recorded(file: Path) -> None:
    assert "not recorded" in file.read_text().partition("\n")[0]
