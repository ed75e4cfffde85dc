"""The two models: what they make of texts, and what happens when the service does not."""

from typing import Any

import numpy as np
import pytest

from apps.ai.retrieval import mistral
from apps.ai.retrieval.embedder import Embedder, EmbedderError
from tests.fakes.mistral.script import EMBEDDINGS, dropped, fail, garbled, read, to
from tests.fakes.mistral.server import MistralApi

ASKED = "When does the contract with the roofer end?"
ANSWER = "Our agreement with the roofing company runs out in March."
OTHER = "The cat sleeps on the sofa all day."


def test_without_a_key_the_model_runs_here(local: Embedder) -> None:
    assert (local.name, local.column) == ("all-minilm-l6-v2-int8", "small")


def test_the_local_model_puts_a_paraphrase_near_and_another_subject_far(local: Embedder) -> None:
    asked, answer, other = local.embed([ASKED, ANSWER, OTHER])
    assert asked @ answer > 0.4 > 0.2 > asked @ other


def test_vectors_have_length_one_and_stand_in_the_order_of_their_texts(local: Embedder) -> None:
    texts = [ANSWER * 3, OTHER, ASKED, "?"]
    together = local.embed(texts)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, together, strict=True):
        assert local.embed([text])[0] @ vector > 0.98  # what is filled up moves eight-bit sums a little


def test_nothing_is_embedded_to_nothing(local: Embedder) -> None:
    assert local.embed([]).shape == (0, 384)


def test_a_text_longer_than_the_model_reads_is_cut(local: Embedder) -> None:
    assert local.embed(["word " * 20_000]).shape == (1, 384)


def test_with_a_key_the_service_is_asked(api: MistralApi, remote: Embedder) -> None:
    assert (remote.name, remote.column) == ("mistral-embed", "large")
    assert np.allclose(np.linalg.norm(remote.embed([ASKED, ANSWER]), axis=1), 1, atol=1e-5)
    assert api.asked(EMBEDDINGS)[0].body == {"model": "mistral-embed", "input": [ASKED, ANSWER]}


def test_the_service_gets_at_most_256_texts_at_once(api: MistralApi, remote: Embedder) -> None:
    assert remote.embed([f"text {number}" for number in range(600)]).shape == (600, 1024)
    assert [len(entry.body["input"]) for entry in api.asked(EMBEDDINGS)] == [256, 256, 88]
    assert {entry.verdict for entry in api.journal} == {"ok"}


def test_the_service_gets_at_most_its_tokens_at_once(api: MistralApi, remote: Embedder) -> None:
    """By our count, which is higher: a text of 6,000 characters is 3,000 tokens."""
    assert remote.embed(["wörd " * 1_200] * 12).shape == (12, 1024)
    assert len(api.asked(EMBEDDINGS)) > 1
    assert {entry.verdict for entry in api.journal} == {"ok"}


def test_no_tokenizer_is_asked_of_a_model_hub() -> None:
    count = mistral.counting()
    assert [len(count.encode(text).ids) for text in ("abcd", "a\nb", "è qui", "")] == [2, 2, 3, 0]


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (fail("rate_limited", retry_after=7), "rate_limited"),
        (fail("unavailable"), "unavailable"),
        (fail("unauthorized"), "key_refused"),
        (dropped, "cannot be reached"),
        (garbled("{"), "makes no sense"),
        (garbled('{"data": []}'), "another shape"),
        (garbled('{"data": [{"embedding": [1.0, 2.0]}]}'), "another shape"),
    ],
)
def test_every_failure_of_the_service_is_one_error_after_one_try(
    act: Any, reason: str, api: MistralApi, remote: Embedder
) -> None:
    api.when(to(EMBEDDINGS), act)
    with pytest.raises(EmbedderError, match=reason) as caught:
        remote.embed(["secret words"])
    assert "secret" not in str(caught.value) and api.key not in str(caught.value)
    assert len(api.asked(EMBEDDINGS)) == 1
    assert caught.value.retry_after == (7 if reason == "rate_limited" else None)


def test_a_service_that_takes_too_long_is_given_up(api: MistralApi, remote: Embedder, settings: Any) -> None:
    settings.PMSYNC_MISTRAL_TIMEOUT = 1
    api.when(to(EMBEDDINGS), read.after(3))
    slow = Embedder(mistral.model())
    with pytest.raises(EmbedderError, match="too long"):
        slow.embed(["x"])
