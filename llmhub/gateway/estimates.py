"""What a call may use at most, before it is made: tokens for limits, money for budgets.

The input is counted on the high side: a token for three characters of English or code, one for each
character of other scripts. The output is what the caller allows; a caller that sets no limit is
taken to want DEFAULT_OUTPUT_TOKENS, or UNLIMITED_OUTPUT_TOKENS where money is at stake.
"""

from decimal import Decimal
from typing import Any

import orjson

from llmhub.gateway.answers import IMAGE_TOKENS, MESSAGE_TOKENS
from llmhub.gateway.asks import Ask
from providers import prices
from providers.prices import Price, Usage

ASCII_CHARACTERS_PER_TOKEN = 3
DEFAULT_OUTPUT_TOKENS = 1024
UNLIMITED_OUTPUT_TOKENS = 4096
_DEFINITIONS = ("tools", "functions", "response_format")


def input_tokens(body: dict[str, Any]) -> int:
    """Tokens of the prompt and of what is defined along with it."""
    total = sum(_message_tokens(message) for message in body.get("messages") or ())
    for name in ("prompt", "input"):
        if (given := body.get(name)) is not None:
            total += _text_tokens(given if isinstance(given, str) else str(given))
    for name in _DEFINITIONS:
        if defined := body.get(name):
            total += _text_tokens(orjson.dumps(defined).decode())
    return total


def output_tokens(ask: Ask, otherwise: int) -> int:
    """Tokens that all answers to the call may have together."""
    if ask.operation == "embedding":
        return 0
    body = ask.body
    allowed = body.get("max_completion_tokens") or body.get("max_tokens") or otherwise
    return int(allowed) * int(body.get("n") or 1)


def cost(ask: Ask, price: Price, tokens_in: int) -> Decimal | None:
    """US dollars that the call may cost at most; None if the price is not known."""
    longest = min(price.max_output or UNLIMITED_OUTPUT_TOKENS, UNLIMITED_OUTPUT_TOKENS)
    out = output_tokens(ask, longest)
    found = prices.cost(price, Usage(input_tokens=tokens_in, output_tokens=out)).total
    if found is None or price.reasoning_per_token is None:
        return found
    reasoned = Usage(input_tokens=tokens_in, output_tokens=out, reasoning_tokens=out)
    return max(found, prices.cost(price, reasoned).total or found)


def _message_tokens(message: Any) -> int:
    total = MESSAGE_TOKENS
    content = message.get("content")
    if isinstance(content, str):
        total += _text_tokens(content)
    elif isinstance(content, list):
        total += sum(_part_tokens(part) for part in content)
    if calls := message.get("tool_calls"):
        total += _text_tokens(orjson.dumps(calls).decode())
    return total


def _part_tokens(part: Any) -> int:
    text = part.get("text") if isinstance(part, dict) else None
    return _text_tokens(text) if isinstance(text, str) else IMAGE_TOKENS


def _text_tokens(text: str) -> int:
    return -(-len(text) // ASCII_CHARACTERS_PER_TOKEN) if text.isascii() else len(text)
