"""Conversation links and base subjects, judged by the scripts of imaptest and by example."""

import re
from collections import defaultdict

import pytest

from apps.providers.adapters.mime import ParsedMail, base_subject, chain, dates, had_reply_prefix, parse
from tests.mime.corpora import CORPORA, mbox, mbox_dates
from tests.mime.threader import threads

SCRIPTS = ["thread", "thread3", "thread5", "thread7"]  # the others came without their mailbox


def _mailbox(name: str) -> list[ParsedMail]:
    return [parse(raw, internal_date=dates.parse(when)) for raw, when in zip(mbox(name), mbox_dates(name), strict=True)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_threads_are_those_that_imaptest_expects(script: str) -> None:
    lines = (CORPORA / "threads/imaptest" / script).read_text().splitlines()
    waiting = _mailbox(f"{script}.mbox")
    held = [waiting.pop(0) for _ in waiting[:]] if "messages: all" in lines else []
    deleted: set[int] = set()
    checked = 0
    for line in lines:
        if line.startswith("ok append"):
            held.append(waiting.pop(0))
        elif found := re.match(r"ok store ([\d,]+) \+flags", line):
            deleted = {int(number) for number in found[1].split(",")}
        elif line == "ok expunge":
            held = [mail for number, mail in enumerate(held, start=1) if number not in deleted]
        elif found := re.match(r"\* thread (.*)", line, re.IGNORECASE):
            assert threads(held) == found[1]
            checked += 1
    assert checked


def test_base_subjects_sort_as_imaptest_expects() -> None:
    mails = _mailbox("sort-subject.mbox")
    keys = [base_subject(mail.subject).lower() for mail in mails]
    found = sorted(range(1, len(mails) + 1), key=lambda number: (_collated(keys[number - 1]), number))
    assert found == [9, 10, 1, 14, 3, 5, 11, 6, 15, 2, 7, 12, 13, 8, 4]


def _collated(key: str) -> str:
    return key.upper()  # i;ascii-casemap (RFC 4790) compares in upper case


def test_base_subjects_group_as_the_ordered_subject_threads_do() -> None:
    groups = defaultdict(list)
    for number, mail in enumerate(_mailbox("sort-subject.mbox"), start=1):
        groups[base_subject(mail.subject).lower()].append(number)
    assert sorted(groups.values()) == [
        [1], [2, 7, 12, 13], [3, 5, 11], [4], [6], [8], [9, 10], [14], [15],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "base", "replied"),
    [
        ("Ciao", "Ciao", False),
        ("Re: Ciao", "Ciao", True),
        ("R: RIF: I: Ciao", "Ciao", True),
        ("AW: WG: Ciao", "Ciao", True),
        ("SV: VS: TR: Ciao", "Ciao", True),
        ("RE[2]: Ciao", "Ciao", True),
        ("Re(3): Re^2: Ciao", "Ciao", True),
        ("[list] Re: [other] Fwd: Ciao (fwd)", "Ciao", True),
        ("[list] Ciao", "Ciao", False),
        ("[list]", "[list]", False),
        ("Re: [fwd: Re: Ciao]", "Ciao", True),
        ("Rent: Ciao", "Rent: Ciao", False),
        ("RE: ", "", True),
        ("Re:Re:Re:", "", True),
        ("  a \t b ", "a b", False),
        ("Re： Ciao", "Ciao", True),
        ("回复：会议", "会议", True),
        ("I: see", "see", True),
        ("", "", False),
    ],
)
def test_a_base_subject_is_what_all_replies_share(subject: str, base: str, replied: bool) -> None:
    assert base_subject(subject) == base
    assert had_reply_prefix(subject) == replied


def _chain(headers: str) -> tuple[str, ...]:
    return chain(parse(headers.encode() + b"\n\n"))


def test_a_chain_runs_from_the_root_to_the_parent() -> None:
    assert _chain("References: <a@x> <b@x>\n <c@x>\nIn-Reply-To: <z@x>") == ("a@x", "b@x", "c@x")


def test_without_references_the_first_id_of_in_reply_to_is_the_parent() -> None:
    assert _chain("In-Reply-To: Your message of Monday <a@x> <b@x>") == ("a@x",)
    assert _chain("In-Reply-To: Anna's words") == ()


def test_repeated_ids_and_the_messages_own_id_close_no_loop() -> None:
    assert _chain("Message-ID: <me@x>\nReferences: <a@x> <me@x> <b@x> <a@x>") == ("a@x", "b@x")


def test_ids_compare_exactly_once_space_and_brackets_are_gone() -> None:
    assert _chain("References: < A@X\n > <a@x>") == ("A@X", "a@x")
    assert _chain("References: a@x, b@x") == ("a@x", "b@x")
    assert _chain("References: <unclosed@x") == ("unclosed@x",)
    assert _chain("References: <> < >") == ()
