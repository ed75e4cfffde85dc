"""Simulated Microsoft as a process: its control end point, its pages, and a world from a folder."""

import base64
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.microsoft_fake.cast import CALLBACK, PLAIN

ROOT = Path(__file__).resolve().parents[2]
EVENT = {
    "subject": "From a file",
    "start": {"dateTime": "2026-03-16T09:00:00", "timeZone": "UTC"},
    "end": {"dateTime": "2026-03-16T10:00:00", "timeZone": "UTC"},
}


def _fill(folder: Path) -> None:
    home = folder / "anna@firm.example"
    for name in ("mail/inbox", "mail/Projects", "events", "contacts"):
        (home / name).mkdir(parents=True)
    (home / "mail/inbox/1.eml").write_bytes(PLAIN)
    (home / "mail/Projects/2.eml").write_bytes(PLAIN)
    (home / "events/1.json").write_text(json.dumps(EVENT))
    (home / "contacts/1.json").write_text(json.dumps({"givenName": "Bob"}))
    (folder / "anna@outlook.example").mkdir()


@pytest.fixture
def told(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """What the process prints when it is up."""
    _fill(tmp_path)
    command = [sys.executable, "-m", "tests.fakes.microsoft", "--port", "0", "--redirect", CALLBACK]
    process = subprocess.Popen([*command, "--fill", str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        assert process.wait(10) == 0
        process.stdout.close()


def test_a_demo_drives_it_over_http(told: dict[str, Any]) -> None:
    trust = ssl.create_default_context(cafile=told["root"])
    with httpx.Client(verify=trust, base_url=told["origin"]) as client:

        def control(action: str, **arguments: Any) -> Any:
            answer = client.post(f"/control/{action}", json=arguments)
            assert answer.status_code == 200, answer.text
            return answer.json().get("result")

        state = client.get("/control/state").json()
        assert {one["address"]: one["items"] for one in state["people"]} == {
            "anna@firm.example": 4, "anna@outlook.example": 0,
        }  # fmt: skip
        assert told["app"]["id"] in {app["id"] for app in state["apps"]}
        asked = {
            "client_id": told["app"]["id"],
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "User.Read",
        }
        page = client.get("/common/oauth2/v2.0/authorize", params=asked).text
        assert "Simulated Microsoft" in page and "anna@firm.example" in page
        made = control("deliver", address="anna@firm.example", raw=base64.b64encode(PLAIN).decode())
        control("mark_read", address="anna@firm.example", id=made["id"], read=True)
        control("move", address="anna@firm.example", id=made["id"], folder="archive")
        event = control("add_event", address="anna@firm.example", event=EVENT)
        control("edit_event", address="anna@firm.example", id=event["id"], changes={"subject": "y"})
        contact = control("add_contact", address="anna@firm.example", contact={"givenName": "Eve"})
        control("delete_contact", address="anna@firm.example", id=contact["id"])
        control("behaviour", sent_copy_after=5, sparse_updates=True)
        control("disorder", seed=2, duplicate=0.5, delay=3)
        control("fault", name="throttled", arguments={"retry_after": 3}, matching="/me", times=1)
        control("advance", hours=1)
        control("expire_delta", address="anna@firm.example")
        assert client.get("/v1.0/me").headers["Retry-After"] == "3"
        assert client.get("/control/journal").json()[-1]["verdict"] == "fault: throttled"
        assert client.post("/control/deliver", json={"address": "nobody"}).status_code == 400
        assert client.post("/control/nonsense").status_code == 404
