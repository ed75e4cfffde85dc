"""Embeddings with the real library: their length, what is near what, and what the service refuses."""

import base64
import math
import struct
from collections.abc import Callable

import httpx
import pytest
import tenacity
from langchain_mistralai import MistralAIEmbeddings

from tests.fakes.mistral.script import EMBEDDINGS, fail, to
from tests.fakes.mistral.server import MistralApi
from tests.mistral_fake.conftest import embeddings_of


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_vectors_have_1024_dimensions_and_length_one(embeddings: MistralAIEmbeddings) -> None:
    vectors = embeddings.embed_documents(["The invoice of May", "?"])
    assert [len(vector) for vector in vectors] == [1024, 1024]
    assert all(math.isclose(math.hypot(*vector), 1) for vector in vectors)


def test_the_same_text_has_the_same_vector(embeddings: MistralAIEmbeddings) -> None:
    assert embeddings.embed_query("A text") == embeddings.embed_documents(["Another", "A text"])[1]


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("Please pay the invoice by Friday", "the invoices are still unpaid", "Dinner at our place on Saturday?"),
        ("La fattura di maggio non è pagata", "quando pagate le fatture?", "Ci vediamo a cena sabato"),
        ("Der Vertrag ist unterschrieben", "wir unterschreiben den Vertrag", "Die Pumpe ist kaputt"),
        ("Meeting with Keller about the roof", "the roof: what did Kellers say?", "newsletter of our bicycle club"),
    ],
)
def test_similar_texts_are_nearer(embeddings: MistralAIEmbeddings, text: str, near: str, far: str) -> None:
    one, close, distant = embeddings.embed_documents([text, near, far])
    assert cosine(one, close) > cosine(one, distant) + 0.1


async def test_asynchronous_callers_get_the_same(embeddings: MistralAIEmbeddings) -> None:
    assert await embeddings.aembed_query("A text") == embeddings.embed_query("A text")
    await embeddings.async_client.aclose()


def test_vectors_may_be_packed(api: MistralApi, post: Callable[..., httpx.Response]) -> None:
    body = {"model": "mistral-embed", "input": "A text"}
    plain = post(body, "/embeddings").json()["data"][0]["embedding"]
    packed = post(body | {"encoding_format": "base64"}, "/embeddings").json()["data"][0]["embedding"]
    assert struct.unpack("<1024f", base64.b64decode(packed)) == pytest.approx(plain)


def test_usage_is_in_the_journal(api: MistralApi, embeddings: MistralAIEmbeddings) -> None:
    embeddings.embed_documents(["one", "two three"])
    assert api.asked(EMBEDDINGS)[0].usage == {"prompt_tokens": 4, "completion_tokens": 0, "total_tokens": 4}


def test_many_short_texts_are_one_request_too_large_for_the_service(
    api: MistralApi, embeddings: MistralAIEmbeddings
) -> None:
    """The library makes batches by tokens only, the service counts the texts as well."""
    embeddings.embed_documents(["word"] * 256)
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        embeddings.embed_documents(["word"] * 257)
    assert api.journal[-1].verdict == "too_many_inputs"


def test_more_tokens_than_a_batch_may_have_are_split_by_the_library(
    api: MistralApi, embeddings: MistralAIEmbeddings
) -> None:
    assert len(embeddings.embed_documents(["word " * 4000] * 6)) == 6
    assert len(api.asked(EMBEDDINGS)) == 2


def test_a_tokenizer_that_counts_too_few_sends_too_much(api: MistralApi, embeddings: MistralAIEmbeddings) -> None:
    """Our tokens are shorter than words, as the service's are."""
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        embeddings.embed_documents(["considerable " * 3000] * 3)
    assert api.journal[-1].verdict == "too_many_tokens"


def test_one_text_may_not_be_longer_than_the_model_reads(api: MistralApi, embeddings: MistralAIEmbeddings) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        embeddings.embed_query("word " * 9000)
    assert api.journal[-1].verdict == "input_too_long"


def test_an_empty_text_is_refused(api: MistralApi, embeddings: MistralAIEmbeddings) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        embeddings.embed_query("")
    assert api.journal[-1].verdict == "empty_input"


def test_the_library_tries_again_after_a_limit_and_after_a_failure(api: MistralApi) -> None:
    patient = embeddings_of(api, max_retries=3, wait_time=0)
    api.when(to(EMBEDDINGS), fail("unavailable"), times=1)
    api.when(to(EMBEDDINGS), fail("rate_limited"), times=1)
    assert len(patient.embed_query("x")) == 1024
    assert [entry.verdict for entry in api.journal] == ["rate_limited", "unavailable", "ok"]


def test_the_library_hides_the_last_error_in_its_own(api: MistralApi) -> None:
    api.when(to(EMBEDDINGS), fail("rate_limited", retry_after=7))
    with pytest.raises(tenacity.RetryError) as caught:
        embeddings_of(api, max_retries=2, wait_time=0).embed_query("x")
    within = caught.value.last_attempt.exception()
    assert isinstance(within, httpx.HTTPStatusError) and within.response.headers["retry-after"] == "7"


def test_a_chat_model_embeds_nothing(api: MistralApi) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        embeddings_of(api, model="mistral-small-latest").embed_query("x")
    assert api.journal[-1].verdict == "unknown_model"
