"""`parse` on messages made for one point each."""

import base64
import binascii
import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from apps.providers.adapters.mime import (
    PART_BREAK,
    Address,
    PartNotFound,
    PartOmitted,
    decode_part,
    limits,
    parse,
    part,
)

WHEN = datetime(2024, 3, 5, 10, 0, tzinfo=UTC)


def mail(headers: str, body: str | bytes = b"") -> bytes:
    """A message of the given header lines and body, CRLF throughout."""
    content = body.encode() if isinstance(body, str) else body
    return headers.strip().replace("\n", "\r\n").encode() + b"\r\n\r\n" + content.replace(b"\n", b"\r\n")


def multipart(kind: str, *parts: str, headers: str = "") -> str:
    """A multipart entity; each part is "headers, blank line, body"."""
    boundary = hashlib.sha256("".join(parts).encode()).hexdigest()
    body = "".join(f"--{boundary}\n{one}\n" for one in parts)
    return f'{headers}Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{body}--{boundary}--\n'


def entity(source: str) -> bytes:
    return source.replace("\n", "\r\n").encode()


class TestText:
    def test_bytes_that_are_no_mail_at_all_are_text(self) -> None:
        assert parse(b"").text == ""
        assert parse(b"just words").text == "just words"
        assert parse(b"\0\0").text == "��"

    def test_a_declared_charset_is_believed_and_a_wrong_one_is_mended(self) -> None:
        header = "Content-Type: text/plain; charset={}"
        assert parse(mail(header.format("iso-8859-1"), "perché".encode("latin-1"))).text == "perché"
        assert parse(mail(header.format("iso-8859-1"), "perché")).text == "perché"
        assert parse(mail(header.format("us-ascii"), "perché")).text == "perché"
        assert parse(mail(header.format("utf-8"), "€ 5".encode("cp1252"))).text == "€ 5"
        assert parse(mail(header.format("no-such-charset"), "perché")).text == "perché"
        assert parse(mail(header.format("gb2312"), "汉字镕".encode("gb18030"))).text == "汉字镕"
        assert parse(mail(header.format("ks_c_5601-1987"), "똠방각하".encode("cp949"))).text == "똠방각하"
        assert parse(mail(header.format("iso-2022-jp"), "日本語".encode("iso2022_jp"))).text == "日本語"
        assert parse(mail(header.format("unicode-1-1-utf-7"), b"Hi Mom +Jjo-!")).text == "Hi Mom ☺!"

    def test_a_codec_that_is_no_charset_is_not_run(self) -> None:
        for name in ("rot13", "base64", "zip", "idna", "unicode_escape", "raw_unicode_escape"):
            assert parse(mail(f"Content-Type: text/plain; charset={name}", "abc \\u0041")).text == "abc \\u0041"

    def test_one_bad_octet_does_not_turn_a_long_text_into_another_charset(self) -> None:
        data = "日本語のメール ".encode() * 50 + b"\xff" + "終わり".encode()
        text = parse(mail("Content-Type: text/plain; charset=utf-8", data)).text
        assert text.startswith("日本語のメール")
        assert text.endswith("�終わり")

    def test_a_lone_surrogate_from_utf7_is_replaced(self) -> None:
        parse(mail("Content-Type: text/plain; charset=utf-7", b"+2D0-")).text.encode()

    def test_broken_base64_gives_what_decodes(self) -> None:
        header = "Content-Type: text/plain\nContent-Transfer-Encoding: base64"
        whole = base64.b64encode(b"all of this text is here")
        assert parse(mail(header, whole[:-1])).text == "all of this text is her"
        assert parse(mail(header, b"!" + whole[:8] + b"\n  \n*" + whole[8:])).text == "all of this text is here"
        assert parse(mail(header, base64.b64encode(b"one ") + b"\n" + base64.b64encode(b"two"))).text == "one two"

    def test_uuencoded_text_is_decoded_and_cannot_outgrow_its_encoding(self) -> None:
        lines = b"".join(binascii.b2a_uu(piece) for piece in (b"Hello ", b"uuencoded world\n"))
        header = "Content-Transfer-Encoding: x-uuencode"
        assert parse(mail(header, b"begin 644 x.txt\n" + lines + b"`\nend\n")).text == "Hello uuencoded world\n"
        bomb = mail(header, b"begin 644 x\n" + b"M\n" * 100_000)
        assert len(parse(bomb).text) < len(bomb)

    def test_words_that_are_only_declared_base64_stay_words(self) -> None:
        found = parse(mail("Content-Transfer-Encoding: base64", "Dear all, this is not encoded in any way."))
        assert found.text == "Dear all, this is not encoded in any way."
        assert found.defects == ("not_base64",)

    def test_flowed_text_is_unfolded_with_its_quotes_and_signature(self) -> None:
        body = "One \nline.\n\n> quoted \n> too\n stuffed\n-- \nAnna\n"
        header = "Content-Type: text/plain; format=flowed"
        assert parse(mail(header, body)).text == "One line.\n\n> quoted too\nstuffed\n-- \nAnna\n"
        assert parse(mail(header + "; delsp=yes", "auf \ngeteilt")).text == "aufgeteilt"

    def test_html_alone_is_read_as_text_with_its_layout(self) -> None:
        html = (
            "<html><head><title>T</title><style>p{}</style></head><body><p>One&nbsp;&amp; two</p><div>a</div>"
            "<div>b<br>c</div><table><tr><td>x</td><td>y</td></tr></table><pre>1\n 2</pre>"
            "<img alt='Logo' src=x><script>z</script>"
        )
        text = parse(mail("Content-Type: text/html", html)).text
        assert text == "One & two\n\na\nb\nc\nx y\n\n1\n2\nLogo"

    def test_a_heavy_document_reads_the_same_without_a_tree(self) -> None:
        piece = "<p>One &amp; <b>two</b></p><div>a<br>b</div><table><tr><td>x</td><td>y</td></tr></table>"
        light = parse(mail("Content-Type: text/html", piece)).text
        heavy = parse(mail("Content-Type: text/html", piece * 2_000)).text
        assert heavy == "\n\n".join([light] * 2_000)

    def test_text_beyond_the_limit_is_cut_and_says_so(self) -> None:
        found = parse(mail("Content-Type: text/plain", b"word " * (limits.TEXT // 5 + 100)))
        assert len(found.text) == limits.TEXT
        assert found.truncated == ("text",)

    def test_html_with_a_pasted_picture_keeps_the_words_behind_it(self) -> None:
        html = f'<p>before<img src="data:image/png;base64,{"A" * 3_000_000}"><p>behind'
        found = parse(mail("Content-Type: text/html", html))
        assert found.text == "before\n\nbehind"
        assert found.truncated == ()


class TestChoice:
    def test_the_html_is_shown_and_the_plain_form_is_read(self) -> None:
        found = parse(entity(multipart("alternative", "\nplain words", "Content-Type: text/html\n\n<p>rich words</p>")))
        assert (found.text, found.html) == ("plain words", "<p>rich words</p>")

    def test_a_calendar_or_amp_alternative_is_not_the_body(self) -> None:
        found = parse(
            entity(
                multipart(
                    "alternative",
                    "\nplain",
                    "Content-Type: text/x-amp-html\n\n<html amp4email>",
                    "Content-Type: text/html\n\n<p>rich",
                    "Content-Type: text/calendar; method=request; charset=utf-8\n\nBEGIN:VCALENDAR",
                )
            )
        )
        assert (found.text, found.html) == ("plain", "<p>rich")
        assert [(one.content_type, one.method) for one in found.attachments] == [
            ("text/x-amp-html", ""),
            ("text/calendar", "REQUEST"),
        ]

    def test_a_stub_beside_the_real_html_does_not_hide_it_from_search(self) -> None:
        rich = "The real newsletter with many words in it. " * 20
        found = parse(
            entity(
                multipart("alternative", "\nYour program shows no HTML.", f"Content-Type: text/html\n\n<p>{rich}</p>")
            )
        )
        assert found.text.startswith("The real newsletter")
        assert found.text.endswith("Your program shows no HTML.")

    def test_the_footer_of_a_mailing_list_joins_text_and_html(self) -> None:
        found = parse(
            entity(
                multipart(
                    "mixed",
                    multipart("alternative", "\nplain", "Content-Type: text/html\n\n<p>rich"),
                    "Content-Type: text/plain\n\nlist footer",
                )
            )
        )
        assert found.text == "plain\n\nlist footer"
        first, second = (found.html or "").split(PART_BREAK)
        assert first == "<p>rich"
        assert "list footer" in second

    def test_related_pictures_are_inline_only_when_the_html_shows_them(self) -> None:
        found = parse(
            entity(
                multipart(
                    "related",
                    'Content-Type: text/html\n\n<img src="cid:a%40x"><img src="pics/b.png">',
                    "Content-Type: image/png\nContent-ID: <a@x>\n\nA",
                    "Content-Type: image/png\nContent-Location: pics/b.png\n\nB",
                    "Content-Type: image/png\nContent-ID: <hidden@x>\n\nC",
                )
            )
        )
        assert [one.inline for one in found.attachments] == [True, True, False]

    def test_a_message_made_of_an_attachment_alone_can_still_be_read(self) -> None:
        found = parse(
            mail("Content-Type: text/plain\nContent-Disposition: attachment; filename=notes.txt", "the notes")
        )
        assert found.text == "the notes"
        assert [(one.section, one.filename, one.size) for one in found.attachments] == [("1", "notes.txt", 9)]

    def test_a_forwarded_message_alone_is_read_through(self) -> None:
        found = parse(mail("Content-Type: message/rfc822", "Subject: inner\n\ninner words"))
        assert found.text == "inner words"
        assert [one.filename for one in found.attachments] == ["inner.eml"]

    def test_an_invitation_without_words_shows_what_it_says(self) -> None:
        ics = "BEGIN:VCALENDAR\nSUMMARY;LANGUAGE=it:Riunione\nLOCATION:Sala\\, piano 2\nEND:VCALENDAR"
        found = parse(mail("Content-Type: text/calendar; method=REQUEST", ics))
        assert found.text == "Riunione\nSala, piano 2"

    def test_a_multipart_without_its_boundary_is_not_lost(self) -> None:
        found = parse(mail("Content-Type: multipart/mixed", "Some words\nwithout any delimiter"))
        assert "Some words" in found.text
        assert found.defects == ("no_boundary",)


class TestSections:
    RAW = entity(
        multipart(
            "mixed",
            "\nbody",
            multipart("mixed; x=1", "Content-Type: image/gif\n\nGIF", "Content-Type: message/rfc822\n\n") + "",
            "Content-Type: message/rfc822\n\n"
            + multipart("digest", "\nSubject: one\n\nfirst", "\nSubject: two\n\nsecond"),
            "Content-Type: message/rfc822\n\nSubject: single\n\nsingle body",
        )
    )

    def test_sections_are_those_of_imap(self) -> None:
        assert [one.section for one in parse(self.RAW).attachments] == ["2.1", "2.2", "3", "4"]
        assert part(self.RAW, "3.1").data == b"Subject: one\r\n\r\nfirst"
        assert part(self.RAW, "3.2.1").data == b"second"
        assert part(self.RAW, "4.1").data == b"single body"

    @pytest.mark.parametrize("section", ["", "0", "9", "1.1", "4.2", "x", "3.9", "1/1", "4.1.1"])
    def test_a_section_that_is_not_there_is_a_typed_error(self, section: str) -> None:
        with pytest.raises(PartNotFound):
            part(self.RAW, section)

    def test_a_skeleton_lists_what_was_left_at_the_server(self) -> None:
        raw = entity(
            multipart(
                "mixed",
                "Content-Type: text/plain\n\nwords",
                "Content-Type: application/pdf; name=big.pdf\nContent-Transfer-Encoding: base64\n"
                "X-PMSync-Omitted: 2\nX-PMSync-Size: 7800000\n\n",
            )
        )
        (listed,) = parse(raw).attachments
        assert (listed.section, listed.filename, listed.size, listed.omitted) == ("2", "big.pdf", 5_700_000, True)
        with pytest.raises(PartOmitted) as left:
            part(raw, "2")
        fetched = decode_part(left.value.headers, base64.encodebytes(b"%PDF"))
        assert (fetched.content_type, fetched.filename, fetched.data) == ("application/pdf", "big.pdf", b"%PDF")

    def test_a_body_left_at_the_server_as_a_whole_comes_back_as_a_message(self) -> None:
        raw = mail(
            "Subject: huge\nContent-Type: multipart/mixed; boundary=b\nX-PMSync-Omitted: TEXT\nX-PMSync-Size: 99"
        )
        (listed,) = parse(raw).attachments
        assert (listed.section, listed.content_type, listed.filename) == ("TEXT", "message/rfc822", "huge.eml")
        with pytest.raises(PartOmitted) as left:
            part(raw, "TEXT")
        fetched = decode_part(left.value.headers, b"--b\r\n\r\nwords\r\n--b--\r\n")
        assert fetched.content_type == "message/rfc822"
        assert b"PMSync" not in fetched.data
        assert parse(fetched.data).text == "words"

    def test_a_message_inside_a_skeleton_is_fetched_whole(self) -> None:
        inner = "Content-Type: image/png\nX-PMSync-Omitted: 1.1\nX-PMSync-Size: 5\n\n"
        raw = entity(multipart("mixed", "Content-Type: message/rfc822\n\n" + inner))
        with pytest.raises(PartOmitted):
            part(raw, "1")

    def test_a_sender_who_writes_our_mark_himself_hides_no_words(self) -> None:
        found = parse(mail("Content-Type: text/plain\nX-PMSync-Omitted: 1\nX-PMSync-Size: 5", "visible words"))
        assert found.text == "visible words"
        assert found.attachments == ()


class TestNames:
    @pytest.mark.parametrize(
        ("value", "name"),
        [
            ("filename=a.pdf", "a.pdf"),
            ('filename="a b; c.pdf"', "a b; c.pdf"),
            ("filename=a b.pdf", "a b.pdf"),
            ('filename="../../etc/x"', "x"),
            ('filename="C:\\\\Documents\\\\x.doc"', "x.doc"),
            ("filename*=utf-8''%E2%82%AC%20rates.txt; filename=fallback.txt", "€ rates.txt"),
            ("filename*0*=iso-8859-1'it'perch%E9; filename*1=%20.txt", "perché%20.txt"),
            ('filename="=?UTF-8?B?4oKs?=.txt"', "€.txt"),
            ('filename="=?utf-8?Q?Riuni?= =?utf-8?Q?one.ics?="', "Riunione.ics"),
            ("filename=.", ""),
            ('filename="a\\"b.txt"', 'a"b.txt'),
        ],
    )
    def test_a_file_name_is_decoded_and_safe_to_save(self, value: str, name: str) -> None:
        raw = mail(f"Content-Type: application/x-thing\nContent-Disposition: attachment; {value}", b"x")
        assert parse(raw).attachments[0].filename == name

    def test_a_long_name_keeps_its_extension(self) -> None:
        raw = mail(f"Content-Type: application/pdf; name={'è' * 300}.pdf", b"x")
        name = parse(raw).attachments[0].filename
        assert len(name.encode()) <= limits.FILENAME
        assert name.endswith("è.pdf")

    def test_three_hundred_parts_of_one_name_are_three_hundred_parts(self) -> None:
        raw = entity(multipart("mixed", *["Content-Type: image/png; name=a.png\n\nx"] * 300))
        assert len({one.section for one in parse(raw).attachments}) == 300


class TestHeaders:
    def test_words_split_inside_a_character_are_joined_first(self) -> None:
        octets = "però".encode()
        first, second = base64.b64encode(octets[:4]).decode(), base64.b64encode(octets[4:]).decode()
        assert parse(mail(f"Subject: =?utf-8?B?{first}?=\n =?utf-8?B?{second}?=")).subject == "però"
        assert parse(mail("Subject: =?utf-8?Q?per=C3?= =?utf-8?Q?=B2?=")).subject == "però"

    @pytest.mark.parametrize(
        ("raw", "text"),
        [
            (b"=?utf-8?Q?a b?=", "a b"),
            (b"=?utf-8?B?aGk?=", "hi"),
            (b"=?utf-8*en?Q?hi?= there", "hi there"),
            (b'"=?utf-8?Q?hi?="', '"hi"'),
            (b"=?x-unknown?Q?=C3=A8?=", "è"),
            (b"=?broken", "=?broken"),
            ("perché".encode(), "perché"),
            (b"perch\xe9", "perché"),
            (b"a\r\n b\r\n\tc", "a b c"),
        ],
    )
    def test_a_subject_reads_as_it_was_meant(self, raw: bytes, text: str) -> None:
        assert parse(b"Subject: " + raw + b"\r\n\r\n").subject == text

    @pytest.mark.parametrize("value", ["<[x@y]>", "< x@y\n >", "x@y", "<x@y> (comment)"])
    def test_an_odd_message_id_is_still_an_id(self, value: str) -> None:
        assert parse(mail(f"Message-ID: {value}")).message_id.strip("[]") == "x@y"

    def test_a_line_break_in_an_encoded_name_stays_in_the_name(self) -> None:
        found = parse(mail("From: =?utf-8?Q?Anna=0D=0ABcc:_x@evil.example?= <anna@example.org>"))
        assert found.from_ == (Address("Anna Bcc: x@evil.example", "anna@example.org"),)
        assert found.bcc == ()

    @pytest.mark.parametrize(
        ("value", "addresses"),
        [
            ('"boss@corp.example" <x@evil.example>', [("boss@corp.example", "x@evil.example")]),
            ("boss@corp.example <x@evil.example>", [("boss@corp.example", "x@evil.example")]),
            ("=?utf-8?Q?boss=40corp.example=2C?= <x@evil.example>", [("boss@corp.example,", "x@evil.example")]),
            ("=?utf-8?Q?Boss_<boss@corp.example>?= <x@evil.example>", [("Boss <boss@corp.example>", "x@evil.example")]),
            ("=?utf-8?Q?<boss@corp.example>?=", [("<boss@corp.example>", "")]),
            ("Rossi, Anna <anna@example.org>", [("Rossi, Anna", "anna@example.org")]),
            ("a@x.example, B <b@x.example>", [("", "a@x.example"), ("B", "b@x.example")]),
            (
                "Team: a@x.example, B <b@x.example>;, c@x.example",
                [("", "a@x.example"), ("B", "b@x.example"), ("", "c@x.example")],
            ),
            ("undisclosed-recipients:;", []),
            ("a@x.example (Anna (the) first)", [("Anna (the) first", "a@x.example")]),
            ("<@route.example:a@x.example>", [("", "a@x.example")]),
            ('"Unclosed <a@x.example>', [("Unclosed", "a@x.example")]),
            ('"odd local"@x.example', [("", '"odd local"@x.example')]),
            ("A <a@x.example> B <b@x.example>", [("A", "a@x.example"), ("B", "b@x.example")]),
            ("MAILER-DAEMON", [("", "MAILER-DAEMON")]),
        ],
    )
    def test_the_true_address_is_never_taken_from_a_name(self, value: str, addresses: list[tuple[str, str]]) -> None:
        found = parse(b"From: " + value.encode() + b"\r\n\r\n").from_
        assert [(one.name, one.address) for one in found] == addresses

    def test_two_from_fields_are_both_seen(self) -> None:
        found = parse(mail("From: a@x.example\nFrom: b@y.example"))
        assert [one.address for one in found.from_] == ["a@x.example", "b@y.example"]
        assert found.defects == ("several_from",)

    def test_list_and_automation_headers_are_told(self) -> None:
        found = parse(
            mail(
                "List-Id: Dev <dev.example.org>\nList-Unsubscribe: <https://x.example/u>, <mailto:u@x.example>\n"
                "List-Unsubscribe-Post: List-Unsubscribe=One-Click\nAuto-Submitted: auto-replied; x=y\n"
                "Precedence: Bulk\nX-Priority: 1 (Highest)\nReturn-Path: <>"
            )
        )
        assert found.list_id == "dev.example.org"
        assert found.list_unsubscribe == "<https://x.example/u>, <mailto:u@x.example>"
        assert found.list_unsubscribe_post == "List-Unsubscribe=One-Click"
        assert (found.auto_submitted, found.precedence, found.priority) == ("auto-replied", "bulk", "high")
        assert found.return_path == ""
        assert parse(b"\r\n").return_path is None

    def test_a_blank_line_that_is_missing_costs_no_word(self) -> None:
        assert parse(b"Subject: x\nHello there\nand: more\n").text == "Hello there\nand: more\n"

    def test_a_line_broken_inside_the_header_does_not_end_it(self) -> None:
        found = parse(b"Subject: a long\nsubject line\nFrom: a@x.example\n\nbody")
        assert (found.subject, found.text) == ("a long subject line", "body")
        assert found.defects == ("header_line",)


class TestDates:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("Tue, 5 Mar 2024 11:00:00 +0100", WHEN),
            ("5 Mar 2024 10:00 GMT", WHEN),
            ("Tue, 05 Mar 24 05:00:00 EST", WHEN),
            ("Tue, 5 Mar 2024 10:00:00 -0000", WHEN),
            ("Tue, 5 Mar 2024 10 : 00 : 00 (noon) +0000 (UTC)", WHEN),
            ("2024-03-05T11:00:00+01:00", WHEN),
            ("Tue, 5 Mar 2024 10:00:60 +0000", WHEN + timedelta(seconds=59)),
            ("Tue, 5 Mar 2024 10:00:00 +9900", None),
            ("32 Mar 2024 10:00:00 +0000", None),
            ("5 Mar 0000 10:00:00 +0000", None),
            ("5 Mar 99999 10:00:00 +0000", None),
            ("1 Jan 0001 00:00:00 +1400", None),
            ("", None),
            ("yesterday", None),
        ],
    )
    def test_a_date_is_a_moment_in_utc_or_nothing(self, text: str, moment: datetime | None) -> None:
        found = parse(f"Date: {text}\n\n".encode())
        assert (found.date, found.date_text) == (moment, text)

    def test_a_date_from_the_future_or_the_past_neither_shows_nor_sorts(self) -> None:
        for year in (1970, 2099):
            found = parse(f"Date: 1 Jan {year} 00:00:00 +0000\n\n".encode(), internal_date=WHEN)
            assert (found.sent_at, found.sort_date) == (WHEN, WHEN)
            assert found.date is not None

    def test_a_date_shortly_before_arrival_shows_while_the_arrival_sorts(self) -> None:
        found = parse(mail("Date: Mon, 4 Mar 2024 10:00:00 +0000"), internal_date=WHEN)
        assert (found.sent_at, found.sort_date) == (WHEN - timedelta(days=1), WHEN)

    def test_sent_mail_sorts_by_its_own_date(self) -> None:
        found = parse(mail("Date: Mon, 4 Mar 2024 10:00:00 +0000"), internal_date=WHEN, by_sender=True)
        assert found.sort_date == WHEN - timedelta(days=1)

    def test_without_arrival_the_last_server_tells_it(self) -> None:
        raw = mail("Received: by mx; Tue, 5 Mar 2024 10:00:00 +0000\nDate: 1 Jan 2099 00:00:00 +0000")
        assert parse(raw).sort_date == WHEN

    def test_of_two_dates_the_first_valid_one_counts(self) -> None:
        assert parse(mail("Date: nonsense\nDate: Tue, 5 Mar 2024 10:00:00 +0000")).date == WHEN


class TestReports:
    DSN = multipart(
        "report; report-type=delivery-status",
        "\nIt failed.",
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
        "Final-Recipient: rfc822; <gone@x.example>\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 no such user\n",
        "Content-Type: message/rfc822\n\nMessage-ID: <ours@example.org>\nSubject: x\n\nwords",
    )

    def test_a_delivery_report_names_recipient_reason_and_message(self) -> None:
        found = parse(entity(self.DSN))
        assert found.is_bounce
        assert found.report_type == "delivery-status"
        (who,) = found.bounced
        assert (who.address, who.action, who.status) == ("gone@x.example", "failed", "5.1.1")
        assert who.diagnostic == "550 no such user"
        assert found.bounced_message_id == "ours@example.org"

    def test_a_delay_is_no_bounce(self) -> None:
        found = parse(entity(self.DSN.replace("Action: failed", "Action: delayed")))
        assert not found.is_bounce
        assert found.bounced[0].action == "delayed"

    def test_a_read_receipt_names_the_message_that_was_read(self) -> None:
        raw = multipart(
            "report; report-type=disposition-notification",
            "\nRead.",
            "Content-Type: message/disposition-notification\n\nOriginal-Message-ID: <ours@example.org>\n",
        )
        found = parse(entity(raw))
        assert (found.report_type, found.is_bounce) == ("disposition-notification", False)
        assert found.bounced_message_id == "ours@example.org"

    def test_a_person_who_writes_about_failed_delivery_is_no_bounce(self) -> None:
        assert not parse(mail("From: anna@example.org\nSubject: Undeliverable: again?", "see below")).is_bounce


class TestClaims:
    def test_a_signature_counts_only_around_the_whole_message(self) -> None:
        signed = multipart(
            "signed; protocol=application/pgp-signature",
            "\nwords",
            "Content-Type: application/pgp-signature\n\n-----BEGIN",
        )
        assert parse(entity(signed)).signed == "pgp"
        assert parse(entity(multipart("mixed", signed, "\nunsigned words"))).signed == ""

    def test_encryption_is_told_and_nothing_is_rewritten(self) -> None:
        raw = entity(
            multipart(
                "encrypted; protocol=application/pgp-encrypted",
                "Content-Type: application/pgp-encrypted\n\nVersion: 1",
                "Content-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----",
            )
        )
        assert parse(raw).encrypted == "pgp"
        assert part(raw, "2").data == b"-----BEGIN PGP MESSAGE-----"
        smime = mail("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", b"x")
        assert parse(smime).encrypted == "smime"

    def test_ciphertext_between_two_html_parts_is_three_documents(self) -> None:
        found = parse(
            entity(
                multipart(
                    "mixed",
                    'Content-Type: text/html\n\n<img src="https://evil.example/?',
                    "Content-Type: text/html\n\nsecret",
                    'Content-Type: text/html\n\n">',
                )
            )
        )
        assert (found.html or "").split(PART_BREAK) == ['<img src="https://evil.example/?', "secret", '">']


class TestBounds:
    @pytest.mark.parametrize(
        ("raw", "limit"),
        [
            (b"X: y\n" * 100_000 + b"\nbody", "header_lines"),
            (b"Subject: " + b"x" * 1_000_000 + b"\n\nbody", "header"),
            (b"X-A: " + b"x" * 60_000 + b"\n" + (b"X-B: " + b"x" * 60_000 + b"\n") * 9 + b"\nbody", "header_block"),
            (b"To: " + b"a@b.example, " * 5_000 + b"\n\nbody", "addresses"),
        ],
    )
    def test_an_oversized_header_is_cut_and_the_body_is_read(self, raw: bytes, limit: str) -> None:
        found = parse(raw)
        assert limit in found.truncated
        assert found.text == "body"

    def test_ten_thousand_parts_are_cut_at_the_limit(self) -> None:
        raw = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nwords\n" * 10_000
        found = parse(raw)
        assert found.truncated == ("parts",)
        assert found.text.count("words") == limits.PARTS - 1

    def test_nesting_beyond_the_limit_is_one_opaque_part(self) -> None:
        raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(5_000))
        found = parse(raw + b"\ninnermost words")
        assert found.truncated[0] == "depth"
        assert len(found.attachments) == 1

    def test_a_message_in_a_message_two_hundred_times_is_one_attachment(self) -> None:
        raw = b"Content-Type: message/rfc822\n\n" * 200 + b"\ninnermost words"
        found = parse(raw)
        assert len(found.attachments) == 1
        assert part(raw, "1." + ".".join(["1"] * 20)).content_type == "message/rfc822"

    def test_too_many_references_keep_the_root_and_the_nearest(self) -> None:
        raw = b"References: " + b" ".join(b"<%d@x>" % index for index in range(500)) + b"\n\n"
        found = parse(raw)
        assert found.references[0] == "0@x"
        assert found.references[1:] == tuple(f"{index}@x" for index in range(450, 500))
        assert found.truncated == ("references",)

    def test_an_id_longer_than_a_line_is_cut(self) -> None:
        assert len(parse(b"Message-ID: <" + b"x" * 5_000 + b"@y>\n\n").message_id) == limits.MESSAGE_ID
