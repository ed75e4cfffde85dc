"""Speed of the parser over a generated mailbox, and how its cost grows with hostile input.

`python -m tests.mime.bench` prints one JSON line per measure: CPU milliseconds per message beside
the standard library's compat32 on the same messages, then for each bomb the time at full size and
the ratio to half the size (a linear parser stays near 2; the accepted bound is 2.3).
"""

import base64
import email
import json
import math
import quopri
import random
import time
from collections.abc import Callable, Sequence

from apps.providers.adapters.mime import base_subject, fold_quotes, parse, sanitise, snippet, text_to_html

WORDS = (
    "the of and sync mail account message mailbox project please meeting attached thanks regards invoice offer prego"
    " riunione allegato grazie perché così domani schedule folder provider report calendar team customer question"
).split()

_PDF = 'Content-Type: application/pdf; name=report.pdf\r\nContent-Disposition: attachment; filename="report.pdf"'


def _prose(choose: random.Random, length: int) -> str:
    pieces: list[str] = []
    size = 0
    while size < length:
        word = choose.choice(WORDS)
        pieces.append(word + ("\r\n" if choose.random() < 0.08 else " "))
        size += len(pieces[-1])
    return "".join(pieces)


def _headers(choose: random.Random, number: int) -> str:
    received = "".join(
        f"Received: from mx{hop}.example.org (mx{hop}.example.org [192.0.2.{hop}])\r\n\tby mail{hop}.example.net"
        f" with ESMTPS\r\n\tid {choose.randrange(16**10):X} for <to@x.example>; 8 Jan 2024 10:0{hop}:00 +0100 (CET)\r\n"
        for hop in range(4)
    )
    signature = base64.b64encode(choose.randbytes(200)).decode()
    subject = f"Re: Weekly report {number}"
    if number % 4 == 0:
        subject = f"=?UTF-8?B?{base64.b64encode(f'Riunione più tardi {number}'.encode()).decode()}?="
    thread = ""
    if number % 2:
        above = "\r\n ".join(f"<{number - step}.x@example.org>" for step in range(5, 0, -1))
        thread = f"In-Reply-To: <{number - 1}.x@example.org>\r\nReferences: {above}\r\n"
    return (
        f"Return-Path: <user{number % 50}@example.org>\r\n{received}"
        f"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1;\r\n\th=from:to:subject:date;\r\n\tb={signature}\r\n"
        f"ARC-Seal: i=1; a=rsa-sha256; t=1700000000; cv=none; d=example.org; b={signature}\r\n"
        "Authentication-Results: mail.example.net; dkim=pass header.d=example.org;\r\n\tspf=pass; dmarc=pass\r\n"
        f'From: "Anna Rossi {number % 50}" <anna{number % 50}@example.org>\r\n'
        "To: Marco Bianchi <marco@example.net>, Team <team@example.net>\r\n"
        "Cc: =?utf-8?q?Andr=C3=A9?= <andre@example.com>\r\n"
        f"Subject: {subject}\r\nDate: Mon, 8 Jan 2024 10:05:{number % 60:02d} +0100\r\n"
        f"Message-ID: <{number}.{choose.randrange(10**9)}@example.org>\r\n{thread}MIME-Version: 1.0\r\n"
    )


def _document(choose: random.Random, length: int) -> str:
    paragraphs: list[str] = []
    while sum(map(len, paragraphs)) < length:
        paragraphs.append(
            '<p class="MsoNormal" style="margin:0cm;font-family:Calibri,sans-serif"><span style="font-size:11.0pt">'
            f'{_prose(choose, choose.randrange(40, 200))}</span> <a href="https://example.org/x?id={len(paragraphs)}">link'
            "</a></p>\r\n"
        )
    body = "".join(paragraphs)
    return (
        f"<html><head><style>p{{color:red}}</style></head><body><table><tr><td>{body}</td></tr></table></body></html>"
    )


def _size(choose: random.Random, median: float, spread: float, most: int) -> int:
    return int(min(most, choose.lognormvariate(math.log(median), spread)))


def message(choose: random.Random, number: int) -> bytes:
    """One message of the mix: 10 % HTML, 3 % with an attachment, 17 % quoted-printable, the rest plain."""
    head, body = _headers(choose, number), _prose(choose, _size(choose, 5_600, 1.0, 200_000))
    kind, boundary = number % 100, f"b_{number}"
    if kind < 10:
        parts = [
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}",
            f"Content-Type: text/html; charset=utf-8\r\n\r\n{_document(choose, _size(choose, 18_000, 0.8, 200_000))}",
        ]
        head += f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n'
    elif kind < 13:
        content = base64.encodebytes(choose.randbytes(_size(choose, 150_000, 0.9, 3_000_000))).decode()
        parts = [
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}",
            f"{_PDF}\r\nContent-Transfer-Encoding: base64\r\n\r\n{content}",
        ]
        head += f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n'
    elif kind < 30:
        encoded = quopri.encodestring(body.encode()).replace(b"\n", b"\r\n")
        head += (
            "Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        )
        return head.encode() + b"\r\n" + encoded
    else:
        return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}".encode()
    joined = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f"{head}\r\n{joined}--{boundary}--\r\n".encode()


def _milliseconds(run: Callable[[], object], count: int, rounds: int = 3) -> float:
    best = math.inf
    for _ in range(rounds):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best / count * 1_000


def _line(bench: str, value: float, baseline: float | None, count: int, note: str) -> None:
    ratio = round(value / baseline, 2) if baseline else None
    row = {"bench": bench, "value": round(value, 4), "unit": "ms", "baseline": baseline and round(baseline, 4)}
    print(json.dumps({**row, "ratio": ratio, "n": count, "note": note}, ensure_ascii=False), flush=True)


def speed(count: int = 2_000) -> None:
    """Milliseconds per message of parsing, of the snippet, and per HTML message of sanitising."""
    choose = random.Random(7)
    raws = [message(choose, number) for number in range(count)]
    kinds: dict[str, Sequence[bytes]] = {
        "all": raws,
        "html": [raw for number, raw in enumerate(raws) if number % 100 < 10],
        "attachment": [raw for number, raw in enumerate(raws) if 10 <= number % 100 < 13],
        "quoted-printable": [raw for number, raw in enumerate(raws) if 13 <= number % 100 < 30],
        "plain": [raw for number, raw in enumerate(raws) if number % 100 >= 30],
    }
    for kind, messages in kinds.items():
        ours = _milliseconds(lambda: [parse(raw) for raw in messages], len(messages))  # noqa: B023 run at once
        theirs = _milliseconds(lambda: [email.message_from_bytes(raw) for raw in messages], len(messages), 1)  # noqa: B023
        mean = sum(map(len, messages)) // len(messages)
        _line(f"mime-parse-{kind}", ours, theirs, len(messages), f"baseline: compat32, undecoded; mean {mean} B")
    mails = [parse(raw) for raw in raws]
    _line("mime-snippet", _milliseconds(lambda: [snippet(mail.text) for mail in mails], count), None, count, "")
    documents = [mail.html for mail in mails if mail.html]
    cost = _milliseconds(
        lambda: [sanitise(html, cid_url=lambda _: None, allow_remote=False) for html in documents], len(documents), 1
    )
    mean = sum(map(len, documents)) // len(documents)
    _line("mime-sanitise", cost, None, len(documents), f"mean {mean} characters")


H = b"From: a@example.org\nSubject: x\n"
MIXED = H + b"Content-Type: multipart/mixed; boundary=b\n\n"


def _clean(html: str) -> object:
    return sanitise(html, cid_url=lambda _: None, allow_remote=False)


def _nested(depth: int) -> bytes:
    return (
        H + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(depth)) + b"\nx"
    )


BOMBS: dict[str, tuple[Callable[[int], object], int]] = {
    "header-fields": (lambda n: parse(b"X: y\n" * n + b"\nbody"), 2_000_000),
    "broken-header-lines": (lambda n: parse(b"x\nFrom: a\n" * n + b"\nbody"), 500_000),
    "encoded-words": (lambda n: parse((b"Subject: " + b"=?utf-8?b?YQ?= " * 4_000 + b"\n") * n + b"\nb"), 4),
    "encoded-words-open": (lambda n: parse(b"Subject: " + b"=?utf-8?q?" * n + b"\n\nb"), 6_000),
    "recipients": (lambda n: parse(b"To: " + b"a@b.c, " * n + b"\n\nb"), 1_000_000),
    "quotes-in-addresses": (lambda n: parse(b"To: " + b'"\\"' * n + b"\n\nb"), 20_000),
    "parentheses-in-addresses": (lambda n: parse(b"To: " + b"(" * n + b"\n\nb"), 60_000),
    "parameters": (lambda n: parse(b"Content-Type: text/plain; " + b"name*0=a;" * n + b"\n\nb"), 6_000),
    "parts": (lambda n: parse(MIXED + b"--b\n\nhello\n" * n), 1_000_000),
    "parts-of-unknown-charset": (lambda n: parse(MIXED + b"--b\n\nhell\xf2\xe8\xe9\xea \n" * n), 100_000),
    "nested-multiparts": (lambda n: parse(_nested(n)), 100_000),
    "nested-messages": (lambda n: parse(H + b"Content-Type: message/rfc822\n\n" * n + b"x"), 500_000),
    "one-boundary-for-all": (
        lambda n: parse(MIXED + b"--b\nContent-Type: multipart/mixed; boundary=b\n\n" * n),
        100_000,
    ),
    "base64-attachment-60MB": (
        lambda n: parse(H + b"Content-Type: image/x\nContent-Transfer-Encoding: base64\n\n" + b"QUJD" * n),
        15_000_000,
    ),
    "base64-paddings": (lambda n: parse(H + b"Content-Transfer-Encoding: base64\n\n" + b"QQ==" * n), 2_000_000),
    "quoted-printable": (
        lambda n: parse(H + b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=41=\n" * n),
        4_000_000,
    ),
    "plain-60MB": (lambda n: parse(H + b"\n" + b"hello world\n" * n), 5_000_000),
    "line-breaks-60MB": (lambda n: parse(b"\n" * n), 60_000_000),
    "nul-60MB": (lambda n: parse(b"\0" * n), 60_000_000),
    "flowed": (lambda n: parse(H + b"Content-Type: text/plain; format=flowed\n\n" + b"hello \n" * n), 500_000),
    "uuencode": (
        lambda n: parse(H + b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n" + b"M\n" * n),
        1_000_000,
    ),
    "report-groups": (
        lambda n: parse(
            H + b"Content-Type: message/delivery-status\n\n" + b"Final-Recipient: rfc822;a@b\nAction: failed\n\n" * n
        ),
        100_000,
    ),
    "html-text-unclosed": (lambda n: parse(H + b"Content-Type: text/html\n\n" + b"<a" * n), 1_000_000),
    "html-text-nested": (lambda n: parse(H + b"Content-Type: text/html\n\n" + b"<div>" * n), 300_000),
    "quote-lines": (lambda n: fold_quotes("> x\n" * n), 200_000),
    "attributions": (lambda n: fold_quotes("On x:\n" * n), 50_000),
    "header-blocks": (lambda n: fold_quotes("From: x\n" * n), 50_000),
    "links": (lambda n: text_to_html("http://)" * n), 100_000),
    "subject-prefixes": (lambda n: base_subject("Re: [x] " * n), 100_000),
    "sanitise-unclosed-tags": (lambda n: _clean("<a" * n), 2_500_000),
    "sanitise-unclosed-comments": (lambda n: _clean("<!--" * n), 1_000_000),
    "sanitise-nested": (lambda n: _clean("<div>" * n), 100_000),
    "sanitise-quote-chain": (lambda n: _clean("<blockquote>" * n + "x" + "</blockquote>" * n), 50_000),
    "sanitise-formatting": (lambda n: _clean("".join(f"<p><b id={i}></p>" for i in range(n))), 20_000),
    "sanitise-scopes": (lambda n: _clean("<div><table><tr><td></div></table>" * n), 10_000),
    "sanitise-attributes": (lambda n: _clean("<p " + " ".join(f'a{i}=">"' for i in range(n)) + ">x"), 300_000),
    "sanitise-references": (lambda n: _clean("&amp" * n), 500_000),
    "sanitise-style-rules": (lambda n: _clean("<style>" + "a{color:red}" * n + "</style>"), 100_000),
    "sanitise-style-elements": (lambda n: _clean("<style>a{color:red}</style>" * n), 20_000),
    "sanitise-images": (lambda n: _clean("<img src=http://a/b>" * n), 20_000),
    "sanitise-pre": (lambda n: _clean("<pre>\n\n" * n), 20_000),
}


def growth() -> None:
    """Each bomb at half and at full size. Below a quarter of a second the memory's own cost is what grows."""
    for name, (run, size) in BOMBS.items():
        half = _milliseconds(lambda: run(size // 2), 1, 2)  # noqa: B023 run at once
        full = _milliseconds(lambda: run(size), 1, 2)  # noqa: B023
        note = "" if full < 2_000 and (full < 250 or full / half <= 2.3) else "over the bound of 2 s or x2.3"
        _line(f"mime-bomb-{name}", full, half, size, note)


if __name__ == "__main__":
    speed()
    growth()
