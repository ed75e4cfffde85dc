"""Golden outcomes: what the parser makes of each file of the mail corpus, in a form a person reads.

`python -m tests.mime.golden` writes them anew; read the difference before it is committed.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from apps.providers.adapters.mime import Address, ParsedMail, parse, snippet
from tests.mime.corpora import mail_name, mails

FOLDER = Path(__file__).parent / "golden"


def outcome(raw: bytes) -> dict[str, Any]:
    """One message in a few lines; what is empty is left out."""
    mail = parse(raw)
    found = {
        "subject": mail.subject,
        "from": _addresses(mail.from_),
        "to": _addresses(mail.to),
        "date": mail.date.isoformat() if mail.date else None,
        "id": mail.message_id,
        "text": _digest(mail.text),
        "snippet": snippet(mail.text, 80),
        "html": _digest(mail.html or ""),
        "attachments": [
            f"{part.section} {part.content_type} {part.size} {part.filename}"
            + (" inline" if part.inline else "")
            + (f" {part.method}" if part.method else "")
            for part in mail.attachments
        ],
        "report": _report(mail),
        "claims": " ".join(
            filter(None, (mail.signed and f"signed:{mail.signed}", mail.encrypted and f"encrypted:{mail.encrypted}"))
        ),
        "truncated": list(mail.truncated),
        "defects": list(mail.defects),
    }
    return {name: value for name, value in found.items() if value}


def _addresses(addresses: tuple[Address, ...]) -> str:
    shown = [f"{one.name} <{one.address}>" if one.name else one.address for one in addresses[:5]]
    return ", ".join(shown) + (f" and {len(addresses) - 5} more" if len(addresses) > 5 else "")


def _digest(text: str) -> str:
    return f"{len(text)} {hashlib.sha256(text.encode()).hexdigest()[:12]}" if text else ""


def _report(mail: ParsedMail) -> str:
    if not mail.report_type and not mail.is_bounce:
        return ""
    recipients = ", ".join(f"{one.address} {one.action} {one.status}".strip() for one in mail.bounced[:3])
    kind = f"{mail.report_type or 'text'}{' bounce' if mail.is_bounce else ''}"
    return f"{kind}: {recipients} of {mail.bounced_message_id or '?'}"


def outcomes() -> dict[str, dict[str, dict[str, Any]]]:
    """By corpus folder and file name."""
    result: dict[str, dict[str, dict[str, Any]]] = {}
    for path in mails():
        folder, _, name = mail_name(path).partition("/")
        result.setdefault(folder, {})[name] = outcome(path.read_bytes())
    return result


def written() -> dict[str, dict[str, dict[str, Any]]]:
    """The golden files as they are."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def write() -> None:
    """Make the golden files what the parser now does."""
    FOLDER.mkdir(exist_ok=True)
    for folder, files in outcomes().items():
        text = json.dumps(files, ensure_ascii=False, indent=1, sort_keys=True)
        (FOLDER / f"{folder}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    write()
