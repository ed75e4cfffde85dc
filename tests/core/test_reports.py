"""What an error page tells: never the values that were at hand."""

import secrets
from typing import Any

from django.test import RequestFactory
from django.views.debug import technical_500_response


def test_an_error_page_shows_no_local_variable_even_with_debug_on(settings: Any) -> None:
    settings.DEBUG = True
    canary = secrets.token_hex(8)
    try:
        raise ZeroDivisionError(len(canary))
    except ZeroDivisionError as error:
        answer = technical_500_response(RequestFactory().get("/"), type(error), error, error.__traceback__)
    assert b"ZeroDivisionError" in answer.content
    assert canary.encode() not in answer.content
