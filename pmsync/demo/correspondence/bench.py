"""The mix `bench`: as much mail as asked for, of realistic sizes, at thousands of messages a second. Pure.

The mix is the one the project's numbers are measured with: five mailboxes; text bodies log-normal
with a median of 5.5 KB; one in ten an HTML multipart; three in a hundred with an attachment, which
brings the mean to about 22 KB; conversations with References; dates over eighteen months.
Paragraphs and files come out of pools that are encoded once, so that a message is a few joins.
"""

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final

from . import mime
from .company import HISTORY, LANGUAGES, Correspondence, Placed
from .mime import Person

MAILBOXES: Final = (("INBOX", 55), ("Archive", 25), ("Sent", 12), ("Projects", 6), ("Trash", 2))
HTML_SHARE: Final = 0.10
ATTACHMENT_SHARE: Final = 0.03
REPLY_SHARE: Final = 0.55
BODY_MU: Final = 8.61
BODY_SIGMA: Final = 0.95  # of the log of bytes: median 5.5 KB
MOST_BODY: Final = 400_000
PARAGRAPHS: Final = 3_000
FILE_SIGMA: Final = 0.85
FILE_MU: Final = 12.6  # median 297 KB encoded
MOST_FILE: Final = 2_000_000
OPEN_THREADS: Final = 400
SYLLABLES: Final = (
    "ar ba ce di el fo ga ho in ja ku la mi no or pe qui ro sa te un va wer xi yo zan tri mon der lis cap ver".split()
)


class Pools:
    """What messages are assembled from."""

    def __init__(self, rng: Random, people: Sequence[Person]) -> None:
        words = _vocabulary(rng)
        # Zipf's law: the words of a language, by rank.
        weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
        plain, marked = [], []
        for _ in range(PARAGRAPHS):
            text = _paragraph(rng, words, weights)
            plain.append(mime.quoted_printable(mime.wrapped(text, 74)) + b"\r\n\r\n")
            marked.append(b"<p>" + plain[-1].rstrip() + b"</p>\r\n")
        self.plain: Final = plain
        self.html: Final = marked
        self.mean_paragraph: Final = sum(map(len, plain)) / len(plain)
        self.files: Final = mime.base64_lines(rng.randbytes(MOST_FILE))
        self.people: Final = _correspondents(rng, people)
        self.subjects: Final = [
            " ".join(rng.choices(words, cum_weights=weights, k=rng.randint(2, 7))).capitalize() for _ in range(2_000)
        ]


def _vocabulary(rng: Random) -> list[str]:
    known: dict[str, None] = {}
    for language in LANGUAGES.values():
        for script in language.conversations:
            for turn in script.turns:
                known.update(dict.fromkeys(word.strip(".,:;?!()«»") for word in turn.body.split() if "{" not in word))
    made = {"".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))) for _ in range(24_000)}
    common, rare = list(known), sorted(made)
    rng.shuffle(common)
    return [word for word in common if word] + rare


def _paragraph(rng: Random, words: list[str], weights: list[float]) -> str:
    sentences = []
    for _ in range(rng.randint(1, 6)):
        chosen = rng.choices(words, cum_weights=weights, k=rng.randint(5, 22))
        if rng.random() < 0.2:
            chosen.insert(rng.randrange(len(chosen)), str(rng.randint(10, 99_999)))
        sentences.append(" ".join(chosen).capitalize() + rng.choice("....?!"))
    return " ".join(sentences)


def _correspondents(rng: Random, people: Sequence[Person]) -> list[Person]:
    cast = [person for seed in range(2) for person in Correspondence(seed, people, HISTORY_ANCHOR).others]
    made = [
        Person(
            f"{rng.choice(cast).first} {rng.choice(cast).name.split()[-1]}", f"p{number}@company{number % 97}.example"
        )
        for number in range(600)
    ]
    return cast + made


HISTORY_ANCHOR: Final = datetime.fromisoformat("2026-06-30T12:00:00+00:00")


def _received(rng: Random, domain: str, stamp: str) -> bytes:
    hop = f"Received: from mail{rng.randint(1, 9)}.{domain} (mail.{domain} [192.0.2.{rng.randint(1, 254)}])\r\n"
    hop += f"\tby mx.mailhost.example with ESMTPS id {rng.getrandbits(48):012x};\r\n\t{stamp}\r\n"
    seal = base64.b64encode(rng.randbytes(128)).decode()
    signature = f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=k1;\r\n"
    signature += f"\tb={seal[:70]}\r\n\t {seal[70:140]}\r\n\t {seal[140:]}\r\n"
    return (
        hop + signature + f"Return-Path: <bounce@{domain}>\r\nX-Spam-Status: No, score=-1.{rng.randint(0, 9)}\r\n"
    ).encode()


PLAIN_HEADER: Final = b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n'
HTML_HEADER: Final = b'Content-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n'


def _body(rng: Random, pools: Pools, boundary: str) -> mime.Part:
    size = min(MOST_BODY, rng.lognormvariate(BODY_MU, BODY_SIGMA))
    picked = [rng.randrange(PARAGRAPHS) for _ in range(max(1, round(size / pools.mean_paragraph)))]
    part = mime.Part(PLAIN_HEADER, b"".join([pools.plain[index] for index in picked]))
    if rng.random() < HTML_SHARE:
        page = b"<html><body>" + b"".join([pools.html[index] for index in picked]) + b"</body></html>\r\n"
        part = mime.multipart("alternative", (part, mime.Part(HTML_HEADER, page)), f"a{boundary}")
    if rng.random() < ATTACHMENT_SHARE:
        # Lines of 78 bytes: a slice that begins and ends with one is base64 by itself.
        lines = min(MOST_FILE // 60, max(20, round(rng.lognormvariate(FILE_MU, FILE_SIGMA) / 78)))
        start = rng.randrange(0, max(1, len(pools.files) // 78 - lines)) * 78
        header = (
            'Content-Type: application/pdf; name="document.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
            f'Content-Disposition: attachment; filename="document-{boundary[-6:]}.pdf"\r\n'
        )
        file = mime.Part(header.encode(), pools.files[start : start + lines * 78])
        part = mime.multipart("mixed", (part, file), f"m{boundary}")
    return part


def history(seed: int, count: int, people: Sequence[Person], until: datetime) -> Iterator[Placed]:
    """The bench mix, oldest first."""
    rng = Random(seed)
    pools = Pools(rng, people)
    me = people[0]
    mailboxes, shares = [name for name, _ in MAILBOXES], [share for _, share in MAILBOXES]
    threads: list[tuple[str, list[str]]] = []
    step = HISTORY / max(1, count)
    for number in range(count):
        at = (until - HISTORY + step * number + timedelta(seconds=rng.uniform(0, 50))).replace(microsecond=0)
        mailbox = rng.choices(mailboxes, shares)[0]
        other = rng.choice(pools.people)
        writer, reader = (me, other) if mailbox == "Sent" else (other, me)
        domain = writer.address.partition("@")[2]
        identifier = f"{rng.getrandbits(64):016x}.{number}@{domain}"
        reply = bool(threads) and rng.random() < REPLY_SHARE
        subject, ids = threads[rng.randrange(len(threads))] if reply else (rng.choice(pools.subjects), [])
        stamp = mime.date(at)
        fields = [
            ("Date", stamp), ("From", writer.header), ("To", reader.header),
            ("Subject", mime.words(f"Re: {subject}" if ids else subject)), ("Message-ID", f"<{identifier}>"),
        ]  # fmt: skip
        if ids:
            fields += [("In-Reply-To", f"<{ids[-1]}>"), ("References", mime.references(ids))]
        else:
            threads.append((subject, ids))
            if len(threads) > OPEN_THREADS:
                threads.pop(rng.randrange(OPEN_THREADS // 2))
        ids.append(identifier)
        draft = mime.Draft(fields, _body(rng, pools, f"{rng.getrandbits(64):016x}"), _received(rng, domain, stamp))
        seen = ("\\Seen",) if mailbox != "INBOX" or number < count * 0.97 else ()
        flags = (
            seen + (("\\Flagged",) if rng.random() < 0.02 else ()) + (("\\Answered",) if rng.random() < 0.08 else ())
        )
        yield Placed(mailbox, bytes(draft), flags, at)
