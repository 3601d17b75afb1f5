"""Vectors for texts, such that similar texts have similar vectors.

Words and the three-letter pieces of words are hashed into the dimensions with a sign each
(Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009).
"""

import math
import re
from base64 import b64encode
from collections.abc import Iterator
from struct import pack
from typing import Final
from zlib import crc32

_WORD: Final = re.compile(r"\w+")
_WORD_WEIGHT: Final = 2.0
_PIECE: Final = 3


def embedding(text: str, dimensions: int) -> list[float]:
    """A vector of length 1, always the same for the same text."""
    vector = [0.0] * dimensions
    for feature, weight in _features(text):
        number = crc32(feature.encode())
        vector[(number >> 1) % dimensions] += weight if number & 1 else -weight
    length = math.sqrt(sum(value * value for value in vector))
    if not length:
        return [1.0, *vector[1:]]
    return [value / length for value in vector]


def as_base64(vector: list[float]) -> str:
    """Little-endian 32-bit floats in base64, OpenAI's compact encoding."""
    return b64encode(pack(f"<{len(vector)}f", *vector)).decode()


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word in _WORD.findall(text.lower()):
        yield word, _WORD_WEIGHT
        framed = f"^{word}$"
        for place in range(len(framed) - _PIECE + 1):
            yield framed[place : place + _PIECE], 1.0
