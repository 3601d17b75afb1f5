"""Between prompts with their texts and chats with their messages."""

from collections.abc import Iterator
from typing import Any

_OWN_FIELDS = frozenset({"prompt", "best_of", "echo", "suffix", "logprobs"})


def to_chat(body: dict[str, Any], prompt: str) -> dict[str, Any]:
    """The chat request that a prompt stands for. `best_of` is dropped: one answer is made."""
    chat = {name: value for name, value in body.items() if name not in _OWN_FIELDS}
    chat["messages"] = [{"role": "user", "content": prompt}]
    if body.get("logprobs") is not None:
        chat["logprobs"] = True
        chat["top_logprobs"] = body["logprobs"]
    return chat


class Texts:
    """The answers to one prompt, as choices of the older form numbered from `first_index`."""

    def __init__(self, first_index: int, echoed: str = "") -> None:
        self._first_index = first_index
        self._echoed = echoed
        self._lengths: dict[int, int] = {}

    def whole(self, completion: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The choices of a whole chat completion."""
        for choice in completion.get("choices") or ():
            yield self._choice(choice, choice.get("message") or {})

    def delta(self, chunk: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What a chunk adds to its choices; nothing where it adds neither text nor end."""
        for choice in chunk.get("choices") or ():
            delta = choice.get("delta") or {}
            if delta.get("content") or choice.get("finish_reason"):
                yield self._choice(choice, delta)

    def _choice(self, choice: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
        index = self._first_index + (choice.get("index") or 0)
        text = message.get("content")
        text = text if isinstance(text, str) else ""
        offset = self._lengths.get(index)
        if offset is None:
            text = self._echoed + text
            offset = 0
        self._lengths[index] = offset + len(text)
        return {
            "index": index,
            "text": text,
            "logprobs": _logprobs(choice.get("logprobs"), offset),
            "finish_reason": choice.get("finish_reason"),
        }


def _logprobs(reported: Any, offset: int) -> dict[str, Any] | None:
    """A chat's logprobs in the older form, which keeps each of its fields in a list."""
    tokens = reported.get("content") if isinstance(reported, dict) else None
    if not tokens:
        return None
    offsets = []
    for token in tokens:
        offsets.append(offset)
        offset += len(token["token"])
    return {
        "tokens": [token["token"] for token in tokens],
        "token_logprobs": [token["logprob"] for token in tokens],
        "top_logprobs": [
            {top["token"]: top["logprob"] for top in token.get("top_logprobs") or ()}
            for token in tokens
        ],
        "text_offset": offsets,
    }
