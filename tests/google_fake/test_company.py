"""The directory of a Workspace domain, as the real client library asks for it: who may, and what is refused."""

import time
from typing import Any, Final

import google.auth.transport.requests
import httpx
import pytest
from google.auth.exceptions import RefreshError
from google.oauth2 import service_account
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

from tests.fakes.google.grants import ServiceAccount
from tests.fakes.google.keys import Key
from tests.google_fake.desk import ANNA, AUTH, BOB, SCHEMAS, Desk

DIRECTORY: Final = f"{AUTH}admin.directory.user.readonly"
MODIFY: Final = f"{AUTH}gmail.modify"


@pytest.fixture
def robot(desk: Desk) -> ServiceAccount:
    """A service account to which the domain delegates; Anna administers it."""
    made = desk.google.grants.new_service_account("robot@firm.iam.gserviceaccount.com", "pmsync-simulated")
    desk.google.grants.delegate(made, "firm.example", [DIRECTORY, MODIFY])
    desk.google.grants.people[ANNA].admin = True
    return made


def acting(desk: Desk, robot: ServiceAccount, subject: str = ANNA, scope: str = DIRECTORY, **info: str) -> Any:
    told = robot.info(f"{desk.google.root}/token") | info
    return service_account.Credentials.from_service_account_info(told, scopes=[scope], subject=subject)


def listed(desk: Desk, credentials: Any, **asked: Any) -> list[str]:
    """Everybody, page after page."""
    with build_from_document(desk.google.document("directory"), credentials=credentials) as directory:
        found, request = [], directory.users().list(**asked)
        while request is not None:
            page = request.execute()
            found += [one["primaryEmail"] for one in page.get("users", [])]
            request = directory.users().list_next(request, page)
    entry = desk.google.journal.of("directory.users.list")[-1]
    assert SCHEMAS.faults(entry.method, entry.status, entry.answer) == []
    return found


def test_an_administrator_sees_everybody_of_the_domain_and_nobody_else(desk: Desk, robot: ServiceAccount) -> None:
    desk.google.person("zoe@elsewhere.example", "Zoe")
    desk.google.grants.people[BOB].suspended = True
    asked = {"customer": "my_customer", "orderBy": "email"}
    assert listed(desk, acting(desk, robot), maxResults=1, **asked) == [ANNA, BOB]
    assert listed(desk, acting(desk, robot), query="isSuspended=false", **asked) == [ANNA]
    assert listed(desk, acting(desk, robot), domain="firm.example", sortOrder="DESCENDING", orderBy="email") == [
        BOB, ANNA,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "scope", "asked", "status", "said"),
    [
        (BOB, DIRECTORY, {"customer": "my_customer"}, 403, "Not Authorized to access this resource/api"),
        (None, DIRECTORY, {"customer": "my_customer"}, 403, "Not Authorized to access this resource/api"),
        (ANNA, MODIFY, {"customer": "my_customer"}, 403, "insufficient authentication scopes"),
        (ANNA, DIRECTORY, {}, 400, "Bad Request"),
        (ANNA, DIRECTORY, {"domain": "elsewhere.example"}, 404, "Domain not found."),
        (ANNA, DIRECTORY, {"customer": "C01234567"}, 404, "Resource Not Found: customer"),
        (ANNA, DIRECTORY, {"customer": "my_customer", "query": "shoeSize=43"}, 400, "Invalid Input: query"),
        (ANNA, DIRECTORY, {"customer": "my_customer", "pageToken": "made-up"}, 400, "Invalid Input: pageToken"),
    ],
)
def test_what_the_directory_refuses(
    desk: Desk, robot: ServiceAccount, subject: str | None, scope: str, asked: dict[str, Any], status: int, said: str
) -> None:
    with pytest.raises(HttpError, match=said) as caught:
        listed(desk, acting(desk, robot, subject, scope), **asked)  # type: ignore[arg-type]  # None: for itself
    assert caught.value.status_code == status


def test_a_directory_that_nobody_switched_on(desk: Desk, robot: ServiceAccount) -> None:
    desk.google.disabled.add((robot.project, "directory"))
    with pytest.raises(HttpError, match="Admin SDK API has not been used in project"):
        listed(desk, acting(desk, robot), customer="my_customer")


def test_whom_a_service_account_does_not_speak_for(desk: Desk, robot: ServiceAccount) -> None:
    google_ = desk.google
    google_.person("zoe@elsewhere.example")
    google_.grants.people[BOB].suspended = True
    cases = {
        "unauthorized_client": [
            acting(desk, robot, "zoe@elsewhere.example"), acting(desk, robot, ANNA, f"{AUTH}calendar.events"),
        ],
        "invalid_grant": [
            acting(desk, robot, "nobody@firm.example"), acting(desk, robot, BOB),
            acting(desk, robot, private_key=Key("other").private_pem),
        ],
    }  # fmt: skip
    for error, several in cases.items():
        for one in several:
            with pytest.raises(RefreshError) as caught:
                one.refresh(google.auth.transport.requests.Request())
            assert caught.value.args[1]["error"] == error


def test_an_assertion_for_another_audience_is_refused(desk: Desk, robot: ServiceAccount) -> None:
    now = int(time.time())
    claims = {
        "iss": robot.email, "sub": ANNA, "scope": DIRECTORY, "aud": "https://login.microsoftonline.com/token",
        "iat": now, "exp": now + 3600,
    }  # fmt: skip
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": robot.key.signed(claims)}
    answer = httpx.post(f"{desk.google.root}/token", data=form, trust_env=False)
    assert "Failed audience check" in answer.json()["error_description"]
