"""Generated mail is real mail: reproducible, well-formed, threaded, dated, and of the measured mix."""

import email
import statistics
import time
from collections import Counter
from datetime import timedelta
from email.message import Message
from email.utils import getaddresses

import pytest

from apps.providers.adapters import mime
from pmsync.demo import cast
from pmsync.demo.correspondence import ANCHOR, GeneratedMessage, Person, generate

PEOPLE = [
    Person("Giulia Rossi", "giulia@rossi-partners.example", "it"),
    Person("Marco Bellini", "marco@rossi-partners.example", "it"),
]
ENGLISH = [Person("Emily Clarke", "emily@northwind-trading.example", "en")]


@pytest.fixture(scope="module", params=["it", "en"])
def mailbox(request: pytest.FixtureRequest) -> list[GeneratedMessage]:
    return list(generate(5, 600, PEOPLE if request.param == "it" else ENGLISH))


@pytest.fixture(scope="module")
def bench() -> list[GeneratedMessage]:
    return list(generate(7, 5_000, PEOPLE, "bench"))


def parts(message: Message) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


@pytest.mark.parametrize("mix", ["demo", "bench"])
def test_the_same_seed_writes_the_same_bytes(mix: str) -> None:
    first, second = (list(generate(3, 80, PEOPLE, mix)) for _ in range(2))  # type: ignore[arg-type]  # a parameter's str
    assert first == second
    assert first != list(generate(4, 80, PEOPLE, mix))  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize("mix", ["demo", "bench"])
def test_as_many_as_asked_for_oldest_first_within_eighteen_months(mix: str) -> None:
    messages = list(generate(3, 500, PEOPLE, mix))  # type: ignore[arg-type]  # as above
    dates = [message.internal_date for message in messages]
    assert len(messages) == 500
    assert dates == sorted(dates)
    assert ANCHOR - timedelta(days=560) < dates[0] and dates[-1] <= ANCHOR


def test_every_message_is_well_formed(mailbox: list[GeneratedMessage], bench: list[GeneratedMessage]) -> None:
    for generated in (*mailbox, *bench[::10]):
        message = email.message_from_bytes(generated.raw)
        assert [part.defects for part in message.walk() if part.defects] == []
        assert b"\n" not in generated.raw.replace(b"\r\n", b"")
        assert max(len(line) for line in generated.raw.split(b"\r\n")) < 998
        for name in ("Date", "From", "To", "Subject", "Message-ID"):
            assert message[name], f"{name} is missing"


def test_our_own_parser_reads_every_message_without_complaint(mailbox: list[GeneratedMessage]) -> None:
    for generated in mailbox:
        parsed = mime.parse(generated.raw)
        assert parsed.subject
        assert parsed.text.strip()


def test_message_ids_are_unique_and_references_lead_to_older_mail(mailbox: list[GeneratedMessage]) -> None:
    seen: set[str] = set()
    replies = 0
    for generated in mailbox:
        message = email.message_from_bytes(generated.raw)
        identifier = str(message["Message-ID"]).strip()
        assert identifier not in seen
        if message["In-Reply-To"]:
            replies += 1
            assert str(message["In-Reply-To"]).strip() == str(message["References"]).split()[-1]
        seen.add(identifier)
    assert replies > len(mailbox) / 6


def test_a_mailbox_holds_what_a_real_one_does(mailbox: list[GeneratedMessage]) -> None:
    messages = [email.message_from_bytes(generated.raw) for generated in mailbox]
    kinds = Counter(kind for message in messages for kind in set(parts(message)))
    for kind in ("text/html", "application/pdf", "image/png", "text/csv", "text/calendar", "message/delivery-status"):
        assert kinds[kind], f"no {kind}"
    assert any(message["List-Id"] and message["List-Unsubscribe"] for message in messages)
    assert any("=?utf-8?" in str(message["From"]).lower() for message in messages)
    assert len({generated.mailbox for generated in mailbox}) >= 8
    flags = Counter(flag for generated in mailbox for flag in generated.flags)
    assert flags["\\Answered"] and flags["\\Flagged"] and flags["\\Seen"] > len(mailbox) * 0.9


def test_no_address_is_of_a_real_domain(mailbox: list[GeneratedMessage], bench: list[GeneratedMessage]) -> None:
    for generated in (*mailbox, *bench[::25]):
        message = email.message_from_bytes(generated.raw)
        for _, address in getaddresses([*message.get_all("From", []), *message.get_all("To", [])]):
            assert address.endswith(".example"), address


def test_the_bench_mix_has_the_measured_sizes_and_shapes(bench: list[GeneratedMessage]) -> None:
    sizes = [len(generated.raw) for generated in bench]
    messages = [email.message_from_bytes(generated.raw) for generated in bench]
    with_html = sum("text/html" in parts(message) for message in messages) / len(messages)
    with_file = sum("application/pdf" in parts(message) for message in messages) / len(messages)
    assert 5_000 < statistics.median(sizes) < 8_500
    assert 17_000 < statistics.mean(sizes) < 28_000
    assert 0.08 < with_html < 0.12
    assert 0.02 < with_file < 0.04
    assert len({generated.mailbox for generated in bench}) == 5
    assert 0.4 < sum(bool(message["References"]) for message in messages) / len(messages) < 0.7


@pytest.mark.serial
def test_the_bench_mix_is_made_at_five_thousand_messages_a_second() -> None:
    # The share of this process: other programs on the machine do not count.
    started = time.process_time()
    made = sum(1 for _ in generate(9, 20_000, PEOPLE, "bench"))
    assert made / (time.process_time() - started) > 5_000


def test_everyone_in_the_cast_has_mail_of_their_own() -> None:
    for account in cast.accounts():
        people = cast.people_around(account.person)
        assert people[0] == account.person
        message = email.message_from_bytes(next(iter(generate(account.seed, 30, people))).raw)
        assert account.address in str(message["To"]) + str(message["From"]) or message["List-Id"]
