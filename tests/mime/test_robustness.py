"""Any bytes at all, and the corpus damaged at random: nothing raises, nothing unstorable comes out."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.providers.adapters.mime import (
    Folded,
    MimeError,
    base_subject,
    chain,
    decode_part,
    flowed,
    fold_quotes,
    had_reply_prefix,
    parse,
    part,
    sanitise,
    snippet,
    text_to_html,
)
from apps.providers.adapters.mime.html_text import html_to_text
from tests.mime.corpora import html_vectors, mails
from tests.mime.strict import css_violations, violations

SEEDS = [path.read_bytes()[:20_000] for path in mails()]
VECTORS = [payload[:4_000] for _, payload in html_vectors()]
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(QUICK, max_examples=20)

TOKENS = [
    *(b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Message-ID: <", b"References: ", b"Content-Type: "),
    *(
        b"multipart/mixed; boundary=b",
        b"multipart/alternative; boundary=b",
        b"text/html; charset=utf-7",
        b"message/rfc822",
    ),
    *(b"multipart/report; report-type=delivery-status; boundary=b", b"message/delivery-status", b"application/ms-tnef"),
    *(b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"x-uuencode"),
    *(
        b"\n",
        b"\r\n",
        b"\r",
        b"\n\n",
        b"\r\n\r\n",
        b"--b",
        b"--b--",
        b"=?utf-8?B?",
        b"=?x?Q?",
        b"?=",
        b"=\n",
        b"\t",
        b" ",
    ),
    *(
        b"<a@b>",
        b'"',
        b"(",
        b")",
        b"<",
        b">",
        b",",
        b";",
        b":",
        b"=",
        b"filename*0*=utf-8''%E8",
        b"\x00",
        b"\xff\xfe",
        b"\xc3",
    ),
    *(
        b"<div>",
        b"</div>",
        b"<!--",
        b"<style>",
        b"<img src=cid:x>",
        b"begin 644 x\n",
        b"X-PMSync-Omitted: 1\n",
        b"\x78\x9f\x3e\x22",
    ),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A corpus file with pieces flipped, cut out, doubled or put in from elsewhere."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, max(0, len(data) - 1)))
        before, behind = data[:start], data[start:]
        length = draw(st.integers(0, 200))
        data = draw(
            st.sampled_from(
                [
                    before + bytes([draw(st.integers(0, 255))]) + behind[1:],
                    before + behind[length:],
                    before + behind[:length] * 3 + behind,
                    before + draw(st.sampled_from(TOKENS)) + behind,
                    before,
                ]
            )
        )
    return data


def check(raw: bytes) -> None:
    """Everything the parser says about these bytes can be stored, shown and asked for again."""
    mail = parse(raw)
    assert mail == parse(raw)
    texts = [mail.subject, mail.text, mail.html or "", mail.message_id, mail.date_text, mail.list_id, *mail.references]
    texts += [text for one in (*mail.from_, *mail.to, *mail.cc) for text in (one.name, one.address)]
    for listed in mail.attachments:
        texts += [listed.filename, listed.content_type, listed.content_id, listed.section]
        try:
            found = part(raw, listed.section)
        except MimeError:
            assert listed.omitted or listed.content_type.startswith("message/")
        else:
            assert len(found.data) == listed.size
    for text in texts:
        assert "\0" not in text
        text.encode()
    for line in (mail.subject, mail.message_id, *(one.name for one in mail.from_)):
        assert "\n" not in line
        assert "\r" not in line
    for when in (mail.date, mail.sent_at, mail.sort_date):
        assert when is None or when.tzinfo is not None
    assert mail.message_id not in chain(mail)
    assert len(snippet(mail.text)) <= 200
    assert violations(text_to_html(mail.text[:5_000])) == []
    covered(mail.text, fold_quotes(mail.text))


def covered(text: str, folded: Folded) -> None:
    position = 0
    for start, end in sorted(folded.visible + folded.quoted):
        assert start == position
        position = end
    assert position == len(text)


@QUICK
@given(st.binary(max_size=2_000))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    check(raw)


@QUICK
@given(st.lists(st.sampled_from(TOKENS) | st.binary(max_size=8), max_size=80).map(b"".join))
def test_any_heap_of_mail_syntax_is_a_mail(raw: bytes) -> None:
    check(raw)


@QUICK
@given(damaged())
def test_a_damaged_mail_is_a_mail(raw: bytes) -> None:
    check(raw)


@QUICK
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_headers_decode_any_part(headers: bytes, data: bytes) -> None:
    decode_part(headers, data)


@QUICK
@given(st.text(max_size=500))
def test_any_subject_has_a_base(subject: str) -> None:
    base = base_subject(subject)
    assert not had_reply_prefix(base) or base == ""
    assert base_subject(base) == base


@QUICK
@given(
    st.lists(st.sampled_from(VECTORS), min_size=2, max_size=5), st.lists(st.integers(0, 300), min_size=2, max_size=5)
)
def test_pieces_of_attacks_in_any_order_stay_harmless_and_stable(vectors: list[str], cuts: list[int]) -> None:
    html = "".join(vector[:cut] for vector, cut in zip(vectors, cuts, strict=False))
    safe = sanitise(html, cid_url=lambda _: None, allow_remote=False)
    assert violations(safe.html) == []
    assert css_violations(safe.css) == []
    assert sanitise(safe.html, cid_url=lambda _: None, allow_remote=False).html == safe.html


@FEW
@given(st.lists(st.sampled_from(VECTORS), min_size=1, max_size=3), st.integers(200, 400))
def test_a_heavy_document_of_attacks_stays_harmless_and_stable(vectors: list[str], times: int) -> None:
    html = "".join(vectors) * times
    safe = sanitise(html[:120_000], cid_url=lambda _: None, allow_remote=False)
    assert violations(safe.html) == []
    assert sanitise(safe.html, cid_url=lambda _: None, allow_remote=False).html == safe.html


@QUICK
@given(st.text(max_size=1_000))
def test_any_text_is_html_to_someone(text: str) -> None:
    found, _ = html_to_text(text)
    assert "\0" not in found
    assert violations(sanitise(text, cid_url=lambda _: None, allow_remote=True).html) == []
    assert violations(text_to_html(text)) == []


@QUICK
@given(
    st.lists(st.sampled_from(["a", " ", "\n", " \n", "-- ", "--", "-- \n"]), max_size=30).map("".join), st.booleans()
)
def test_flowed_text_is_the_same_by_pattern_and_by_line(text: str, delsp: bool) -> None:
    assert flowed.unfold(text, delsp=delsp) == flowed.unfold_quoted(text, delsp=delsp)
