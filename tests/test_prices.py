"""Prices and costs, against numbers worked out by hand."""

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from providers import prices
from providers.catalog import CATALOG
from providers.models import Credential, Deployment
from providers.prices import Price, Usage

KNOWN = Price(
    input_per_token=Decimal("0.000003"),
    output_per_token=Decimal("0.000015"),
    cached_input_per_token=Decimal("0.0000003"),
    cache_write_per_token=Decimal("0.00000375"),
    reasoning_per_token=Decimal("0.00002"),
    audio_input_per_token=Decimal("0.00001"),
    audio_output_per_token=Decimal("0.00004"),
)


def known(kind: str, model: str) -> Price:
    price = prices.lookup(CATALOG[kind], model)
    assert price is not None
    return price


def deployment(kind: str, model: str, **values: Any) -> Deployment:
    return Deployment(credential=Credential(name="mine", kind=kind), upstream_model=model, **values)


# --- what is known --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "model", "input_usd", "output_usd"),
    [
        ("openai", "gpt-4o-mini", "0.15", "0.60"),
        ("openai", "openai/gpt-4o-mini", "0.15", "0.60"),
        ("anthropic", "claude-haiku-4-5", "1", "5"),
        ("gemini", "gemini-2.5-flash", "0.30", "2.50"),
        ("gemini", "models/gemini-2.5-flash", "0.30", "2.50"),
        ("gemini", "gemini/gemini-2.5-flash", "0.30", "2.50"),
        ("groq", "openai/gpt-oss-20b", "0.075", "0.30"),
        ("groq", "groq/openai/gpt-oss-20b", "0.075", "0.30"),
        ("groq_proxy", "openai/gpt-oss-20b", "0.075", "0.30"),
        ("openrouter", "openai/gpt-4o-mini", "0.15", "0.60"),
        ("openrouter", "openrouter/anthropic/claude-haiku-4.5", "1", "5"),
        ("mistral", "mistral-small-latest", "0.15", "0.60"),
    ],
)
def test_the_table_is_found_under_every_spelling(
    kind: str, model: str, input_usd: str, output_usd: str
) -> None:
    price = known(kind, model)
    assert price.input_per_1m == Decimal(input_usd)
    assert price.output_per_1m == Decimal(output_usd)


def test_sizes_and_abilities_come_along() -> None:
    price = known("openai", "gpt-4o-mini")
    assert price.context_window == 128_000
    assert price.max_output == 16_384
    assert price.capabilities == {"chat", "stream", "tools", "vision", "json_schema"}


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        ("openai", "gpt-99-imaginary"),
        ("openai_compatible", "gpt-4o-mini"),
        ("vllm", "llama3"),
        ("openrouter", "meta-llama/llama-3.1-8b-instruct"),
    ],
)
def test_what_nobody_stated_is_unknown(kind: str, model: str) -> None:
    assert prices.lookup(CATALOG[kind], model) is None


def test_a_local_model_is_unknown_and_not_free() -> None:
    price = known("ollama", "llama3:latest")
    assert price.context_window == 8192
    assert not price.is_known
    assert price.source == "unknown"
    assert prices.cost(price, Usage(1000, 1000)).total is None


def test_simulated_models_have_a_labelled_price() -> None:
    price = known("simulator", "sim-sage:ttft=5")
    assert (price.input_per_1m, price.output_per_1m) == (Decimal(1), Decimal(4))
    assert price.source == "simulated"
    assert prices.lookup(CATALOG["simulator"], "gpt-4o-mini") is None


def test_reading_the_table_does_not_import_litellm() -> None:
    program = (
        "import sys; from providers import price_table;"
        "assert len(price_table.table()) > 1000; assert 'litellm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


# --- overrides ------------------------------------------------------------------------------------


def test_override_replaces_the_table_per_field() -> None:
    price = prices.for_deployment(
        deployment("openai", "gpt-4o-mini", input_cost_per_1m=Decimal("0.10"))
    )
    assert price.input_per_token == Decimal("0.0000001")
    assert price.output_per_1m == Decimal("0.60")
    assert price.source == "override"


def test_override_below_the_cached_price_lowers_that_too() -> None:
    price = prices.for_deployment(
        deployment("openai", "gpt-4o-mini", input_cost_per_1m=Decimal("0.01"))
    )
    assert price.cached_input_per_1m == Decimal("0.01")


def test_override_of_zero_is_a_price() -> None:
    price = prices.for_deployment(
        deployment("ollama", "llama3", input_cost_per_1m=Decimal(0), output_cost_per_1m=Decimal(0))
    )
    assert prices.cost(price, Usage(10, 10)).total == 0


def test_stated_abilities_and_window_replace_the_known_ones() -> None:
    price = prices.for_deployment(
        deployment("openai", "gpt-4o-mini", capabilities=["chat"], context_window=1000)
    )
    assert price.capabilities == {"chat"}
    assert price.context_window == 1000
    assert price.source == prices.TABLE


# --- costs ----------------------------------------------------------------------------------------


def test_cost_of_plain_tokens() -> None:
    # 1000 × 0.15 / 1M + 500 × 0.60 / 1M
    cost = prices.cost(known("openai", "gpt-4o-mini"), Usage(1000, 500))
    assert cost.input == Decimal("0.00015")
    assert cost.output == Decimal("0.0003")
    assert cost.total == Decimal("0.00045")


def test_classes_of_tokens_are_disjoint_and_sum_to_the_total() -> None:
    # in: 500 fresh × 3 + 300 cached × 0.30 + 150 written × 3.75 + 50 audio × 10, per 1M
    # out: 60 plain × 15 + 30 reasoning × 20 + 10 audio × 40, per 1M
    usage = Usage(
        input_tokens=1000,
        output_tokens=100,
        cached_input_tokens=300,
        cache_write_tokens=150,
        reasoning_tokens=30,
        audio_input_tokens=50,
        audio_output_tokens=10,
    )
    cost = prices.cost(KNOWN, usage)
    assert cost.input == Decimal("0.0026525")
    assert cost.output == Decimal("0.0019")
    assert cost.total == Decimal("0.0045525")
    assert cost.saved_by_cache == Decimal("0.00081")  # 300 × (3 − 0.30) / 1M


def test_overlapping_classes_are_charged_once() -> None:
    # 100 cached × 0.30; nothing is left of the input for the 80 written and the 40 of audio
    overlapping = Usage(100, 10, 100, 80, reasoning_tokens=25, audio_input_tokens=40)
    cost = prices.cost(KNOWN, overlapping)
    assert cost.input == Decimal("0.00003")
    assert cost.output == Decimal("0.0002")  # 10 × 20, not 25 × 20


def test_cached_count_above_the_input_is_cut() -> None:
    cost = prices.cost(KNOWN, Usage(input_tokens=10, cached_input_tokens=1000))
    assert cost.input == Decimal("0.000003")
    assert cost.saved_by_cache == Decimal("0.000027")


def test_class_without_a_rate_of_its_own_costs_what_its_base_does() -> None:
    plain = Price(input_per_token=Decimal("0.000001"), output_per_token=Decimal("0.000002"))
    cost = prices.cost(plain, Usage(100, 50, 40, 20, 30))
    assert cost.total == Decimal("0.0002")
    assert cost.saved_by_cache == 0


def test_unknown_price_gives_no_cost_not_even_zero() -> None:
    for price in (None, prices.UNKNOWN):
        assert prices.cost(price, Usage(0, 0)) == prices.Cost()
        assert prices.cost(price, Usage(1000, 10)).total is None


def test_missing_output_rate_matters_only_if_there_is_output() -> None:
    embedding = Price(input_per_token=Decimal("0.00000002"))
    assert prices.cost(embedding, Usage(1000, 0)).total == Decimal("0.00002")
    cost = prices.cost(embedding, Usage(1000, 1))
    assert (cost.input, cost.output, cost.total) == (Decimal("0.00002"), None, None)


def test_long_prompts_are_charged_at_their_own_rates_throughout() -> None:
    price = known("gemini", "gemini-2.5-pro")
    short = prices.cost(price, Usage(200_000, 1000))
    long = prices.cost(price, Usage(200_001, 1000))
    assert short.total == Decimal("0.26")  # 200,000 × 1.25 + 1,000 × 10, per 1M
    assert long.total == Decimal("0.5150025")  # 200,001 × 2.50 + 1,000 × 15, per 1M
