"""Snippets and folded quotes: what the writer says, in every language's way of quoting."""

import pytest

from apps.providers.adapters.mime import fold_quotes, parse, snippet
from tests.mime.corpora import CORPORA

ATTRIBUTIONS = [
    "On Mon, 3 Jun 2024 at 10:00, Anna Rossi <anna@example.org> wrote:",
    "On Jun 3, 2024, at 10:00 AM, Anna Rossi wrote:",
    "On Mon, 3 Jun 2024 at 10:00, Anna Rossi With A Long Name\n<anna@example.org> wrote:",
    "2024-06-03 10:00 GMT+02:00 Anna Rossi <anna@example.org>:\nAnna wrote:",
    "Il giorno lun 3 giu 2024 alle ore 10:00 Anna Rossi <anna@example.org> ha scritto:",
    "Il 03/06/2024 10:00, Anna Rossi ha scritto:",
    "Il giorno 3 giugno 2024 10:00, Anna Rossi\n<anna@example.org> ha scritto:",
    "Am 03.06.2024 um 10:00 schrieb Anna Rossi:",
    "Am Mo., 3. Juni 2024 um 10:00 Uhr schrieb Anna Rossi <\nanna@example.org>:",
    "Le lun. 3 juin 2024 à 10:00, Anna Rossi <anna@example.org> a écrit :",
    "El lun, 3 jun 2024 a las 10:00, Anna Rossi (<anna@example.org>) escribió:",
    "Em seg., 3 de jun. de 2024 às 10:00, Anna Rossi <anna@example.org> escreveu:",
    "Op ma 3 jun 2024 om 10:00 schreef Anna Rossi <anna@example.org>:",
    "Den mån 3 juni 2024 kl 10:00 skrev Anna Rossi <anna@example.org>:",
    "Anna Rossi <anna@example.org> wrote:",
]

BLOCKS = [
    "-----Original Message-----\nFrom: Anna",
    "-----Messaggio originale-----\nDa: Anna",
    "-----Ursprüngliche Nachricht-----\nVon: Anna",
    "---------- Forwarded message ---------\nFrom: Anna",
    "________________________________\nFrom: Anna",
    "From: Anna Rossi\nSent: Monday, June 3, 2024\nTo: Marco\nSubject: x",
    "Da: Anna Rossi\nInviato: lunedì 3 giugno 2024\nA: Marco\nOggetto: x",
    "Von: Anna Rossi\nGesendet: Montag, 3. Juni 2024\nAn: Marco\nBetreff: x",
    "De : Anna Rossi\nEnvoyé : lundi 3 juin 2024\nÀ : Marco\nObjet : x",
    "*From:* Anna Rossi\n*Sent:* Monday\n*To:* Marco\n*Subject:* x",
]

SIGNATURES = [
    "-- \nMarco Bianchi\nHead of things",
    "--\nMarco",
    "Sent from my iPhone",
    "Sent from Outlook for iOS",
    "Get Outlook for Android",
    "Inviato da iPhone",
    "Inviato dal mio Galaxy",
    "Von meinem iPhone gesendet",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_the_quote_below_an_attribution_is_not_what_the_writer_says(attribution: str) -> None:
    assert snippet(f"Yes, that works.\n\n{attribution}\n\n> the old words\n> more\n") == "Yes, that works."


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_unmarked_text_below_an_attribution_is_the_quote(attribution: str) -> None:
    assert snippet(f"Yes, that works.\n\n{attribution}\n\nthe old words\nmore\n") == "Yes, that works."


@pytest.mark.parametrize("block", BLOCKS)
def test_all_below_a_header_block_is_the_quote(block: str) -> None:
    assert snippet(f"Yes, that works.\n\n{block}\n\nthe old words\n") == "Yes, that works."


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_signature_is_not_what_the_writer_says(signature: str) -> None:
    assert snippet(f"Yes, that works.\n\n{signature}\n") == "Yes, that works."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday we meet. She wrote:\n",
        "From: the beginning it was clear.\nTo be honest.\n",
        "Il motivo è questo:\n\n- uno\n- due",
        "-------- not a separator, just a line of dashes that goes on",
        "Sentences that start with Sent are fine",
        "a -- b",
    ],
)
def test_ordinary_sentences_are_kept(text: str) -> None:
    assert snippet(text) == " ".join(text.split())


def test_a_reply_between_and_below_quotes_is_found() -> None:
    text = "Anna wrote:\n> one?\nYes.\n> two?\nNo.\n"
    assert snippet(text) == "Anna wrote: Yes. No."
    assert snippet("On Mon, Anna wrote:\n" + "> old line\n" * 1_000 + "\nAgreed.\n") == "Agreed."


def test_a_message_that_is_all_quote_shows_the_quote() -> None:
    assert snippet("> only\n> this\n") == "> only > this"
    assert fold_quotes("> only\n").quoted == ()


def test_a_snippet_is_one_line_cut_at_a_word() -> None:
    found = snippet("word \n\t " * 200, 50)
    assert found == "word word word word word word word word word word…"
    assert len(found) <= 50


@pytest.mark.parametrize("cluster", ["e\u0301", "👩‍👩‍👧‍👦", "🇮🇹", "👍🏽", "क्षि", "❤️"])
@pytest.mark.parametrize("limit", range(5, 16))
def test_a_cut_never_parts_what_is_drawn_as_one(cluster: str, limit: int) -> None:
    found = snippet(cluster * 30, limit)
    assert len(found) <= limit
    assert found.removesuffix("…") == cluster * ((limit - 1) // len(cluster))


def test_a_pile_of_marks_is_cut_like_anything_else() -> None:
    assert len(snippet("a" + "\u0301" * 10_000)) == 200


def test_the_ranges_cover_the_text_once_and_in_order() -> None:
    text = "Hi\n\nOn Mon, Anna <a@x.example> wrote:\n> old\n> words\n\nnew\n-- \nMarco\n"
    folded = fold_quotes(text)
    spans = sorted(folded.visible + folded.quoted)
    assert "".join(text[start:end] for start, end in spans) == text
    assert "".join(text[start:end] for start, end in folded.quoted) == (
        "On Mon, Anna <a@x.example> wrote:\n> old\n> words\n-- \nMarco\n"
    )


@pytest.mark.parametrize("program", ["aol", "gmail", "hotmail", "outlook", "thunderbird"])
def test_the_replies_of_common_programs_shrink_to_what_was_written(program: str) -> None:
    raw = (CORPORA / "mail/talon/standard_replies" / f"{program}.eml").read_bytes()
    assert snippet(parse(raw).text) == "Hello"
