"""The search language, and what it finds."""

from datetime import date
from typing import Any

import pytest
from django.db import connection

from apps.core.folding import fold
from apps.core.problems import Problem
from apps.mail import search
from apps.mail.search import grammar, highlight, words
from apps.mail.search.grammar import And, BadQuery, Not, Operator, Or, Text
from tests.mail import fixtures
from tests.mail.fixtures import Box, eml, record
from tests.tenants.fixtures import Cast

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None),
        ("invoice", Text("invoice")),
        ("big invoice", And((Text("big"), Text("invoice")))),
        ('"big invoice"', Text("big invoice", phrase=True)),
        ("-draft", Not(Text("draft"))),
        ("a OR b c", And((Or((Text("a"), Text("b"))), Text("c")))),
        ("(a b) OR c", Or((And((Text("a"), Text("b"))), Text("c")))),
        ("from:anna", Operator("from", "anna")),
        ('from:"Anna Rossi"', Operator("from", "Anna Rossi")),
        ("-from:anna", Not(Operator("from", "anna"))),
        ("before:2026-03-31", Operator("before", date(2026, 3, 31))),
        ("after:31/03/2026", Operator("after", date(2026, 3, 31))),
        ("newer_than:7d", Operator("after", date(2026, 11, 17))),
        ("older_than:9999y", Operator("before", date(1900, 1, 1))),
        ("larger:1.5M", Operator("larger", 1_572_864)),
        ("is:starred", Operator("is", "flagged")),
        ("has:attachments", Operator("has", "attachment")),
        ("from:", None),
        ("OR", None),
        ("- -- )(", And((Text("-"), Not(Text("-"))))),
        ("https://example.org/x", Text("https //example.org/x", phrase=True)),
    ],
)
def test_a_query_becomes_its_tree(text: str, tree: Any) -> None:
    assert grammar.parse(text, TODAY).root == tree


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("before:yesterday", "needs a date like 2026-03-31"),
        ("before:2026-02-30", "needs a date"),
        ("larger:huge", "needs a size like 500K"),
        ("is:lost", "unread, read, flagged"),
        ("x " * 600, "longer than 1000"),
    ],
)
def test_what_is_not_understood_is_said_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(BadQuery, match=says):
        grammar.parse(text, TODAY)


def test_an_unknown_operator_is_named_and_searched_as_words() -> None:
    query = grammar.parse("color:red", TODAY)
    assert query.unknown == ("color",)
    assert query.root == Text("color red", phrase=True)


def test_every_line_of_naughty_strings_is_a_query(naughty: list[str]) -> None:
    for line in naughty:
        try:
            grammar.parse(line, TODAY)
        except BadQuery:
            continue


@pytest.fixture(scope="session")
def naughty() -> list[str]:
    """Strings that break input (tests/corpora/strings/blns)."""
    import json
    from pathlib import Path

    path = Path(__file__).parents[1] / "corpora/strings/blns/blns.json"
    return list(json.loads(path.read_text()))


def test_folding_keeps_the_length() -> None:
    assert fold("Perché Müller ÀÉÎ") == "perche muller aei"
    for text in ("İstanbul", "ﬁne", "ß", "你好", "e\u0301"):
        assert len(fold(text)) <= len(text)


def test_an_excerpt_marks_the_hit_and_escapes_the_rest() -> None:
    marks = highlight.pattern([Text("invoice")])
    assert highlight.excerpt("<b>Two Invoices</b> & more", marks) == (
        "&lt;b&gt;Two <mark>Invoices</mark>&lt;/b&gt; &amp; more"
    )


@pytest.fixture
def filled(inbox: Box) -> Box:
    """Mail in two languages, read and unread, with and without a file."""
    pdf = (
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nText\r\n"
        "--b\r\nContent-Type: application/pdf\r\n"
        'Content-Disposition: attachment; filename="fattura-2026.pdf"\r\n\r\nx\r\n--b--\r\n'
    )
    invoices = "The invoices are attached for you and the team, thank you"
    sent = eml(6, "Sent one", sender="anna@rossi.example")
    with_file = eml(5, "Documenti").split(b"MIME-Version")[0] + pdf.encode()
    inbox.arrive(
        record(1, eml(1, "Invoices of March", body=invoices)),
        record(2, eml(2, "Perché no", sender="Niccolò Müller <nm@köln.example>", body="Il progetto è pronto per voi")),
        record(3, eml(3, "Meeting", body="Exact words stand here, in this order"), "\\Seen"),
        record(4, eml(4, "Re: Meeting", answers=3, to="carla@rossi.example"), "\\Seen", "\\Flagged"),
        record(5, with_file, "\\Seen"),
        record(7, eml(7, "Straße", body=STREET, extra="Cc: Zoë Łukasz <zoe@x.example>\r\n"), "\\Seen"),
    )
    inbox.arrive(record(1, sent, "\\Seen", identity="f1:sent"), mailbox="Sent")
    return inbox


STREET = "Die große Straße: Ответ на ваше письмо, siehe https://example.org/foo_bar/x"


def subjects(box: Box, text: str) -> set[str]:
    asked = search.Asked(text, None, "", 20)
    return {item["subject"] for item in search.run(box.member, asked)["items"]}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("invoice", {"Invoices of March"}),
        ("the invoices attached", {"Invoices of March"}),
        ("perche", {"Perché no"}),
        ("PERCHÉ", {"Perché no"}),
        ("progetti pronti", {"Perché no"}),
        ("from:muller", {"Perché no"}),
        ("from:Niccolò", {"Perché no"}),
        ("to:carla", {"Meeting"}),
        ("subject:meet", {"Meeting"}),
        ('"words stand here"', {"Meeting"}),
        ('"stand words here"', set()),
        ('"große Straße"', {"Straße"}),
        ('"на ваше ПИСЬМО"', {"Straße"}),
        ("https://example.org/foo_bar", {"Straße"}),
        ("cc:zoë", {"Straße"}),
        ("cc:zoe", {"Straße"}),
        ("cc:nobody", set()),
        ("is:unread", {"Invoices of March", "Perché no"}),
        ("is:flagged", {"Meeting"}),
        ("has:attachment", {"Documenti"}),
        ("filename:fattura", {"Documenti"}),
        ("fattura", {"Documenti"}),
        ("in:sent", {"Sent one"}),
        ("in:inbox subject:sent", set()),
        ("invoice OR progetto", {"Invoices of March", "Perché no"}),
        ("is:unread -invoice", {"Perché no"}),
        ("invoice -- ", {"Invoices of March"}),
        ("before:2026-11-20", set()),
        ("before:0001-01-01", set()),
        ("older_than:9999y", set()),
        ("after:2026-11-20 before:2026-11-21 is:flagged", {"Meeting"}),
        ("larger:100M", set()),
        ("smaller:1K in:sent", {"Sent one"}),
        ("100%", set()),
        ("nm@köln.example", {"Perché no"}),
    ],
)
def test_a_query_finds_what_a_person_means(filled: Box, text: str, found: set[str]) -> None:
    assert subjects(filled, text) == found


@pytest.mark.parametrize("name", ["nowhere", "/"])
def test_a_mailbox_that_does_not_exist_is_said(filled: Box, name: str) -> None:
    with pytest.raises(Problem, match=f"no mailbox called “{name}”"):
        subjects(filled, f"in:{name}")


def test_pages_follow_each_other_without_gap_or_double(filled: Box) -> None:
    # The oldest hit belongs to a conversation that the first page has shown already.
    filled.arrive(record(8, eml(8, "Re: Invoices of March", answers=1), "\\Seen"))
    found: list[str] = []
    cursor = ""
    while True:
        page = search.run(filled.member, search.Asked("after:2026-01-01", None, cursor, 2))
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert len(found) >= 5
    whole = search.run(filled.member, search.Asked("after:2026-01-01", None, "", 50))
    assert found == [item["id"] for item in whole["items"]]


def test_a_colleague_finds_nothing_of_what_is_not_theirs(cast: Cast) -> None:
    with cast.inside(), fixtures.box(cast.owner) as box:
        box.arrive(record(1, eml(1, "Secret")))
        assert search.run(cast.member, search.Asked("secret", None, "", 10))["items"] == []
        assert search.suggest(cast.member, "from:bo") == []
        assert search.suggest(cast.owner, "from:bo")[0]["insert"] == "from:bob@partner.example"


@pytest.mark.parametrize(("text", "found"), [("from:bob@", 1), ("from:%%", 0), ("from:b_b", 0), ("from:b\x00", 0)])
def test_what_is_typed_is_taken_as_it_stands(filled: Box, text: str, found: int) -> None:
    assert len(search.suggest(filled.member, text)) == found


def matches(vector: bytes, asked: str | None) -> bool:
    """PostgreSQL's own answer."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS sent (vector tsvector)")
        with cursor.copy("COPY sent FROM STDIN (FORMAT binary)") as copy:
            copy.write_row((vector,))
        # Read back as text, in order and each lexeme once: what was sent is a vector like any other.
        cursor.execute(
            "DELETE FROM sent RETURNING vector::text, vector::text::tsvector = vector, vector @@ %s::tsquery", [asked]
        )
        told, proper, matched = cursor.fetchone()
        assert proper, told
        return bool(matched)


@pytest.mark.parametrize(
    ("language", "text", "asked"),
    [
        ("english", "The invoices were running late", "invoice"),
        ("english", "The invoices were running late", "the RUNNING"),
        ("italian", "Le fatture sono pronte perché sì", "fattura perche"),
        ("german", "Die Rechnungen für März", "rechnung marz"),
        ("french", "Les factures arrêtées", "facture"),
        ("spanish", "Las facturas de abril", "factura"),
        ("simple", "nm@köln.example fattura-2026.pdf", "koln 2026"),
        ("simple", "e\u0301cole", "école"),
        ("simple", "会議の資料を送ります", "資料"),
        ("simple", "会議の資料を送ります", "会議の"),
        ("simple", "한국어 문서", "한국"),
    ],
)
def test_a_word_is_found_in_its_language_by_its_forms(committed: None, language: str, text: str, asked: str) -> None:
    assert matches(words.vector("", "", text, language), words.query(asked))
    assert not matches(words.vector("", "", text, language), words.query(f"{asked} absent"))


def test_other_characters_of_an_unspaced_script_do_not_match(committed: None) -> None:
    assert not matches(words.vector("", "", "会議の資料", "simple"), words.query("予算"))


def test_a_vector_is_one_that_postgresql_takes(committed: None, naughty: list[str]) -> None:
    for line in (line.replace("\x00", "") for line in naughty):
        vector = words.vector(line, line, line, "italian")
        asked = words.query(line)
        assert asked is None or matches(vector, asked), line
