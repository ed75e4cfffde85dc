"""What the fake makes of the threads without a script: enough for a demo, and no measure of a real model."""

from typing import Any, Final

from tests.fakes.mistral.facts import Facts
from tests.fakes.mistral.fitting import fit
from tests.followups.corpus import Message, Thread, threads

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "turn": {"enum": ["waiting_on_me", "waiting_on_them", "nothing"]},
        "needs_reply": {"type": "boolean"},
        "deadline": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
}
ENOUGH: Final = 0.65
"""Of the turns; always saying what is most frequent reaches 0.4."""


def shown(thread: Thread) -> str:
    """A thread as a prompt might hold it."""
    told = "\n\n".join(mail(message) for message in thread.messages)
    return f"You read the mail of {thread.me}. It is {thread.now.isoformat()}.\n<thread>\n{told}\n</thread>"


def mail(message: Message) -> str:
    head = f"From: {message.sender}\nTo: {', '.join(message.to)}\nDate: {message.date.isoformat()}"
    return f"{head}\nSubject: {message.subject}\n\n{message.body}"


def test_whose_turn_it_is_is_seen_more_often_than_not() -> None:
    read = [(thread, fit(SCHEMA, Facts(shown(thread)))) for thread in threads("develop")]
    right = sum(got["turn"] == thread.labels.turn for thread, got in read)
    replies = sum(got["needs_reply"] == thread.labels.needs_reply for thread, got in read)
    assert right / len(read) > ENOUGH and replies / len(read) > ENOUGH


def test_a_promise_by_friday_is_read() -> None:
    thread = next(one for one in threads("develop") if one.id == "promise-with-date-en-1")
    assert fit(SCHEMA, Facts(shown(thread))) == {
        "turn": "waiting_on_me",
        "needs_reply": False,
        "deadline": "2026-03-06",
    }


def test_an_automatic_reply_does_not_take_the_turn() -> None:
    thread = next(one for one in threads("develop") if one.id == "out-of-office-en-1")
    assert fit(SCHEMA, Facts(shown(thread)))["turn"] == "waiting_on_them"
