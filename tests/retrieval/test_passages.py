"""What of a message is embedded: the writer's own sentences, in passages of a length."""

import pytest

from apps.ai.retrieval import passages

QUOTED = """The roof is done, the invoice follows.

On Mon, 2 Mar 2026 at 10:00, Anna Rossi <anna@rossi.example> wrote:
> Is the roof finished? The tenants ask about the terrace.

--
Bob Keller
Keller Roofing, Via Roma 1
"""


def test_quotes_and_signatures_are_left_out() -> None:
    said = passages.own_words(QUOTED)
    assert passages.split(said) == ["The roof is done, the invoice follows."]


def test_a_message_that_only_quotes_is_read_all_the_same() -> None:
    assert passages.split(passages.own_words("> the whole text is quoted")) == ["> the whole text is quoted"]


def test_sentences_stay_whole_while_they_fit() -> None:
    sentence = "The tenants of the second floor asked about the terrace again. "
    found = passages.split(sentence * 30)
    assert len(found) > 1
    assert all(len(passage) <= passages.LONGEST and passage.endswith("again.") for passage in found)


def test_a_sentence_longer_than_a_passage_is_cut_between_words() -> None:
    found = passages.split("word " * 400)
    assert all(len(passage) <= passages.LONGEST and set(passage.split()) == {"word"} for passage in found)
    assert sum(len(passage.split()) for passage in found) == 400


def test_a_text_without_a_space_is_cut_all_the_same() -> None:
    text = "語" * 1_500
    found = passages.split(text)
    assert "".join(found) == text and max(map(len, found)) == passages.LONGEST


def test_a_long_text_ends_after_so_many_passages() -> None:
    assert len(passages.split("One sentence is here. " * 5_000)) == passages.MOST


@pytest.mark.parametrize("text", ["", "   \n\n ", "---\n***\n", "https://example.com/?utm=" + "x" * 200])
def test_what_says_nothing_has_no_passage(text: str) -> None:
    assert passages.split(text) == []


def test_addresses_of_the_web_are_left_out() -> None:
    assert passages.split("See https://x.example/a?b=c&d=e for the plan.") == ["See for the plan."]
