"""Messages for tests."""

from email.message import EmailMessage


def message(number: int, *, size: int = 0, subject: str = "", message_id: bool = True) -> bytes:
    """A small plain message; `size` pads its body to about so many bytes."""
    head = f"Message-ID: <{number}@example.test>\r\n" if message_id else ""
    line = f"Line of message {number}.\r\n"
    body = line * max(1, size // len(line))
    return (
        f"{head}Date: Mon, 1 Jan 2024 00:00:{number % 60:02} +0000\r\nFrom: Ada <ada@example.test>\r\n"
        f"To: Bob <bob@example.test>\r\nSubject: {subject or f'Message {number}'}\r\n\r\n{body}"
    ).encode()


def with_attachment(number: int, size: int) -> bytes:
    """A multipart with a text, an HTML twin and an attachment of `size` bytes before encoding."""
    mail = EmailMessage()
    mail["Message-ID"] = f"<{number}@example.test>"
    mail["From"], mail["To"], mail["Subject"] = "ada@example.test", "bob@example.test", f"With attachment {number}"
    mail.set_content("The text, grüßend.\n")
    mail.add_alternative("<p>The text.</p>", subtype="html")
    mail.add_attachment(bytes(i * number % 251 for i in range(size)), "application", "pdf", filename="a.pdf")
    return mail.as_bytes().replace(b"\n", b"\r\n")
