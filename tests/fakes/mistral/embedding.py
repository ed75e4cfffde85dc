"""Embeddings without a model: stemmed words and trigrams of letters hashed into 1024 numbers; like is near like."""

import base64
import hashlib
import math
import re
import struct
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from tests.fakes.mistral.words import COMMON, folded, stem

DIMENSIONS: Final = 1024
WORD: Final = re.compile(r"\w+")
# A word in common weighs more than the letters two words happen to share.
OF_A_WORD: Final = 1.0
OF_A_PAIR: Final = 0.5
OF_A_TRIGRAM: Final = 0.25
OF_A_COMMON_WORD: Final = 0.1


def embed(text: str) -> list[float]:
    """A vector of length one; the same for the same text, on every machine."""
    vector = [0.0] * DIMENSIONS
    for feature, weight in features(text).items():
        digest = hashlib.blake2b(feature.encode(), digest_size=8).digest()
        at = int.from_bytes(digest[:4], "big") % DIMENSIONS
        # The sign makes collisions cancel instead of adding up.
        vector[at] += weight if digest[4] & 1 else -weight
    length = math.sqrt(sum(number * number for number in vector))
    if length == 0:
        vector[0] = length = 1.0
    return [number / length for number in vector]


def packed(vector: list[float]) -> str:
    """The vector as base64 of little-endian floats."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def features(text: str) -> dict[str, float]:
    """What a text is made of, each with its weight."""
    counted: Counter[str] = Counter()
    weights: dict[str, float] = {}
    for feature, weight in _features(text):
        counted[feature] += 1
        weights[feature] = weight
    # A word said ten times does not make the text ten times about it.
    return {feature: weights[feature] * (1 + math.log(times)) for feature, times in counted.items()}


def _features(text: str) -> Iterator[tuple[str, float]]:
    words = WORD.findall(folded(text))
    stems = [stem(word) for word in words]
    for word, stemmed in zip(words, stems, strict=True):
        yield f"w:{stemmed}", OF_A_COMMON_WORD if word in COMMON else OF_A_WORD
        if word not in COMMON:
            padded = f" {word} "
            yield from ((f"t:{padded[at : at + 3]}", OF_A_TRIGRAM) for at in range(len(padded) - 2))
    said = [stemmed for word, stemmed in zip(words, stems, strict=True) if word not in COMMON]
    yield from ((f"p:{one} {other}", OF_A_PAIR) for one, other in pairwise(said))
