"""Letters to people: in their language, text and HTML alike, sent once, with no code in any task's arguments."""

import base64
import json
import smtplib
import traceback
from typing import Any

import pytest
import redis
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.locmem import EmailBackend

from apps.core.redis import client
from apps.users import codes, emails, tasks
from apps.users import letters as words
from apps.users.codes import Purpose
from apps.users.models import OneTimeCode
from apps.users.sessions import Device
from tests.tenants.fixtures import Make

KINDS = [*Purpose.values, *words.NOTICES]
HERE = Device(None)


def test_every_letter_has_words_in_every_language() -> None:
    assert set(words.WORDS) == {(kind, locale) for kind in KINDS for locale in ("en", "it")}


@pytest.mark.parametrize("locale", ["en", "it"])
@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_letter_says_its_code_or_link_in_text_and_in_html(
    make: Make, letters: list[EmailMultiAlternatives], purpose: Purpose, locale: str
) -> None:
    user = make.person(locale=locale, name="Ada <b>")
    code = codes.make(user, purpose, HERE)
    emails.send_code(code)
    (letter,) = letters
    secret = emails.link(code) if purpose in codes.LINKS else codes.digits(code)
    assert letter.subject == words.WORDS[purpose, locale].subject
    assert secret is not None
    assert secret in str(letter.body)
    (html,) = letter.alternatives
    assert secret in str(html[0])
    assert "Ada <b>" in str(letter.body)
    assert "Ada &lt;b&gt;" in str(html[0])
    assert letter.extra_headers["Auto-Submitted"] == "auto-generated"


def test_the_token_of_a_link_is_in_the_part_that_browsers_send_to_nobody(make: Make) -> None:
    link = emails.link(codes.make(make.person(), Purpose.RESET, HERE))
    assert "?" not in link
    assert link.index("#") < link.index(".", link.index("#"))


def test_a_task_delivered_twice_mails_once(make: Make, letters: list[EmailMultiAlternatives]) -> None:
    code = codes.make(make.person(), Purpose.SIGN_IN, HERE)
    tasks.mail_code(str(code.pk))
    tasks.mail_code(str(code.pk))
    assert len(letters) == 1


def test_a_code_used_meanwhile_or_of_nobody_or_gone_is_not_mailed(
    make: Make, letters: list[EmailMultiAlternatives]
) -> None:
    used = codes.make(make.person(), Purpose.SIGN_IN, HERE)
    codes.verify(used.pk, codes.digits(used) or "")
    nobodys = codes.request("nobody@example.test", Purpose.SIGN_IN, HERE)
    gone = codes.make(make.person(), Purpose.SIGN_IN, HERE)
    OneTimeCode.objects.filter(pk=gone.pk).delete()
    for code in (used, nobodys, gone):
        tasks.mail_code(str(code.pk))
    assert letters == []


class Refusing(EmailBackend):
    """A mail server that is away for its first letter."""

    left = 1

    def send_messages(self, messages: Any) -> int:
        if Refusing.left:
            Refusing.left -= 1
            raise smtplib.SMTPServerDisconnected("away")
        return super().send_messages(messages)


def test_a_letter_that_our_mail_server_refused_is_tried_again(
    make: Make, letters: list[EmailMultiAlternatives], settings: Any
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    Refusing.left = 1
    code = codes.make(make.person(), Purpose.SIGN_IN, HERE)
    tasks.mail_code.apply(args=[str(code.pk)], retries=0)
    assert len(letters) == 1
    code.refresh_from_db()
    assert code.mailed_at is not None


class Strict(EmailBackend):
    """A mail server that knows no such recipient, and says so as smtplib does."""

    def send_messages(self, messages: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({messages[0].to[0]: (550, b"no such user")})


def test_a_refused_recipient_is_told_without_the_address(make: Make, letters: list[Any], settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Strict"
    user = make.person()
    with pytest.raises(smtplib.SMTPException, match="550") as refused:
        emails.send_code(codes.make(user, Purpose.SIGN_IN, HERE))
    assert user.email not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("purpose", [Purpose.SIGN_IN, Purpose.RESET])
def test_no_letter_goes_out_without_its_code_when_the_key_is_gone(
    make: Make, letters: list[Any], settings: Any, purpose: Purpose
) -> None:
    code = codes.make(make.person(), purpose, HERE)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 48, []
    tasks.mail_code(str(code.pk))
    assert letters == []


def test_what_waits_in_the_queue_holds_ids_and_neither_code_nor_address(make: Make) -> None:
    user = make.person()
    code = codes.make(user, Purpose.SIGN_IN, HERE)
    queue: redis.Redis = client()
    queue.delete(tasks.QUEUE)
    tasks.post_code(code)
    (message,) = queue.lrange(tasks.QUEUE, 0, -1)
    queue.delete(tasks.QUEUE)
    assert json.loads(message)["headers"]["argsrepr"] == f"('{code.pk}',)"
    body = json.dumps(json.loads(message)) + str(base64.b64decode(json.loads(message)["body"]))
    for secret in (codes.digits(code), user.email, user.name):
        assert secret is not None
        assert secret not in body
