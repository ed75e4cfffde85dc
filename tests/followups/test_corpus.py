"""The labelled threads are consistent: what their README promises holds for every file."""

import email
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from email.policy import default
from itertools import combinations
from pathlib import Path

import pytest

from tests.followups.corpus import CASES, FOLDER, Message, Thread, Unreadable, When, read, threads
from tests.followups.letters import letters, sent_by_me

ALL = threads()
LEAST = 160
WORDS = re.compile(r"\w+")


def of_each(check: Callable[[Thread], None]) -> Callable[[], None]:
    """A test of all threads: one for each would take longer to set up than to run. Names the thread that fails."""

    def every_thread() -> None:
        for thread in ALL:
            try:
                check(thread)
            except AssertionError as error:
                error.add_note(f"in {thread.split}/{thread.id}.yaml")
                raise

    return every_thread


def last_moment(when: When, thread: Thread) -> datetime:
    """The end of a day, or the moment itself."""
    return when if isinstance(when, datetime) else datetime.combine(when, time.max, thread.zone)


def shingles(text: str) -> set[tuple[str, ...]]:
    words = [word.lower() for word in WORDS.findall(text)]
    return set(zip(words, words[1:], words[2:], strict=False))


# The set


def test_the_set_is_large_and_both_parts_hold_every_case() -> None:
    assert len(ALL) >= LEAST
    for split in ("develop", "held_out"):
        assert {one.case for one in threads(split)} == set(CASES)


def test_languages_and_turns_are_spread() -> None:
    languages = Counter(one.language for one in ALL)
    assert min(languages["en"], languages["it"]) >= 50 and min(languages.values()) >= 12
    for split in ("develop", "held_out"):
        turns = Counter(one.labels.turn for one in threads(split))
        assert min(turns.values()) >= 15, turns


def test_the_readme_counts_as_it_is() -> None:
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    names = {"en": "English", "it": "Italian", "de": "German", "fr": "French", "es": "Spanish"}
    counted: Counter[str] = Counter(one.language for one in ALL)
    assert f"{len(ALL)} mail threads" in told and f"all {len(CASES)} cases" in told
    assert ", ".join(f"{name} {counted[language]}" for language, name in names.items()) in told
    for split in ("develop", "held_out"):
        assert f"`{split}/` ({len(threads(split))})" in told


def test_every_case_is_told_in_several_languages() -> None:
    for case in CASES:
        assert len({one.language for one in ALL if one.case == case}) >= 3, case


def test_names_tell_the_case_and_the_language() -> None:
    for one in ALL:
        assert re.fullmatch(rf"{one.case}-{one.language}-\d+", one.id), one.id
    assert len({one.id for one in ALL}) == len(ALL)


def test_no_text_comes_twice_and_none_is_another_with_names_swapped() -> None:
    told = [(one.id, message) for one in ALL for message in (*one.messages, *one.elsewhere) if len(message.body) > 40]
    assert len({message.body for _, message in told}) == len(told)
    whole = {one.id: shingles("\n".join(message.body for message in one.messages)) for one in ALL}
    for (one, left), (other, right) in combinations(whole.items(), 2):
        if left and right:
            assert len(left & right) / min(len(left), len(right)) < 0.4, (one, other)


def test_no_two_threads_have_the_same_reason() -> None:
    reasons = Counter(one.labels.why for one in ALL)
    assert not [why for why, times in reasons.items() if times > 1]


def test_a_file_that_is_wrong_is_told_by_its_name(tmp_path: Path) -> None:
    source = next(FOLDER.glob("develop/*.yaml")).read_text(encoding="utf-8")
    for wrong in (source.replace("turn:", "turns:"), re.sub(r"turn: .*", "turn: perhaps", source), "- a", "a: ["):
        path = tmp_path / "wrong.yaml"
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(Unreadable, match=r"wrong\.yaml"):
            read(path, "develop")


def test_every_file_is_read() -> None:
    assert {path.suffix for path in FOLDER.glob("*/*")} == {".yaml"}
    assert len(list(FOLDER.glob("*/*"))) == len(ALL)


# Each thread


@of_each
def test_messages_stand_in_the_order_of_their_dates(thread: Thread) -> None:
    dates = [message.date for message in thread.messages]
    assert dates == sorted(dates)
    assert all(message.date <= thread.now for message in (*thread.messages, *thread.elsewhere))
    assert thread.now - dates[-1] < timedelta(days=60)


@of_each
def test_the_offset_of_now_and_of_my_own_mail_is_my_zones(thread: Thread) -> None:
    mine = [message.date for message in thread.messages if sent_by_me(thread, message)]
    for moment in (thread.now, *mine):
        assert moment.utcoffset() == moment.astimezone(thread.zone).utcoffset()


@of_each
def test_everybody_is_invented(thread: Thread) -> None:
    text = (FOLDER / thread.split / f"{thread.id}.yaml").read_text(encoding="utf-8")
    for host in re.findall(r"[\w.+-]+@([\w.-]+\w)", text):
        assert host.endswith(".example"), host
    for host in re.findall(r"https?://([\w.-]+)", text):
        assert host.endswith(".example"), host


@of_each
def test_somebody_else_wrote_or_is_written_to(thread: Thread) -> None:
    def parties(message: Message) -> set[str]:
        return {message.sender, *message.to, *message.cc}

    assert all(parties(message) - {thread.me} for message in thread.messages)
    assert all(message.body.strip() or message.attachments or message.calendar for message in thread.messages)


@of_each
def test_the_turn_fits_the_other_labels(thread: Thread) -> None:
    labels = thread.labels
    owed = {one.who for one in (*labels.tasks, *labels.promised)}
    assert len(labels.why.split()) >= 4
    match labels.turn:
        case "nothing":
            assert not owed and labels.deadline is None and labels.urgency != "high"
        case "waiting_on_me":
            assert "me" in owed
        case "waiting_on_them":
            assert owed == {"them"}
    assert labels.turn == "waiting_on_me" or not labels.needs_reply


@of_each
def test_deadlines_are_what_something_is_due(thread: Thread) -> None:
    labels = thread.labels
    dues = [one.due for one in (*labels.tasks, *labels.promised) if one.due]
    first = min((message.date for message in thread.messages), default=thread.now)
    for due in (*dues, *([labels.deadline] if labels.deadline else [])):
        assert last_moment(due, thread) >= first
        assert last_moment(due, thread) - thread.now < timedelta(days=60)
    whose = {"waiting_on_me": "me", "waiting_on_them": "them"}.get(labels.turn)
    own = [one.due for one in (*labels.tasks, *labels.promised) if one.due and one.who == whose]
    assert labels.deadline == min(own, key=lambda due: last_moment(due, thread), default=None)
    if thread.case == "promise-overdue":
        assert labels.deadline is not None and last_moment(labels.deadline, thread) < thread.now


@of_each
def test_events_lie_ahead_and_end_after_they_start(thread: Thread) -> None:
    for event in thread.labels.events:
        start, end = event.start, event.end
        if isinstance(start, datetime) and isinstance(end, datetime):
            assert timedelta(0) < end - start <= timedelta(hours=10)
        else:
            assert isinstance(start, date) and start <= end
        day = start.astimezone(thread.zone).date() if isinstance(start, datetime) else start
        assert day >= thread.now.date()


@of_each
def test_it_is_mail_on_the_wire(thread: Thread) -> None:
    found = list(letters(thread))
    assert len(found) == len(thread.messages) + len(thread.elsewhere)
    ids = set()
    for message, octets in found:
        mail = email.message_from_bytes(octets, policy=default)
        assert mail["Subject"] == message.subject and not mail.defects
        body = mail.get_body(("plain",))
        assert body is not None and body.get_content().split() == message.body.split()
        assert [part.get_filename() for part in mail.iter_attachments()] == list(message.attachments)
        ids.add(mail["Message-ID"])
    assert len(ids) == len(found)
