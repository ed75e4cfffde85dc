"""The sanitiser against every vector of the HTML corpus, and rule by rule."""

from urllib.parse import quote

import pytest

from apps.providers.adapters.mime import PART_BREAK, SafeHtml, limits, sanitise, text_to_html
from apps.providers.adapters.mime import css as css_rules
from apps.providers.adapters.mime.html_text import html_to_text
from tests.mime.corpora import CORPORA, html_vectors
from tests.mime.strict import OWN_URL, css_violations, violations

VECTORS = list(html_vectors())


def nothing_ours(_: str) -> None:
    return None


def clean(html: str, *, allow_remote: bool = False) -> SafeHtml:
    return sanitise(html, cid_url=nothing_ours, allow_remote=allow_remote)


def with_parts(cid: str) -> str | None:
    """Our server has every Content-ID with an @ or without; its own URLs stay what they are."""
    return cid if cid.startswith(OWN_URL) else None if "/" in cid or ":" in cid else OWN_URL + quote(cid)


def test_the_corpus_is_there() -> None:
    assert len(VECTORS) > 8_000


def test_the_judge_convicts_what_the_corpus_holds() -> None:
    guilty = sum(1 for _, payload in VECTORS if violations(payload))
    assert guilty > 5_000  # most of the rest are fragments for the inside of an attribute or a script


@pytest.mark.parametrize("source", sorted({name.split("/")[0] for name, _ in VECTORS}))
def test_no_vector_leaves_anything_that_runs_fetches_or_navigates(source: str) -> None:
    for name, payload in VECTORS:
        if name.split("/")[0] != source:
            continue
        safe = clean(payload)
        assert violations(safe.html) == [], name
        assert css_violations(safe.css) == [], name


@pytest.mark.parametrize("source", sorted({name.split("/")[0] for name, _ in VECTORS}))
def test_sanitising_twice_changes_nothing(source: str) -> None:
    for name, payload in VECTORS:
        if name.split("/")[0] == source:
            once = sanitise(payload, cid_url=with_parts, allow_remote=False).html
            assert sanitise(once, cid_url=with_parts, allow_remote=False).html == once, name


def test_a_vector_split_over_two_parts_stays_in_its_parts() -> None:
    safe = clean(f'<img src="https://evil.example/?{PART_BREAK}<p>secret</p>{PART_BREAK}">')
    assert violations(safe.html) == []
    assert "<p>secret</p>" in safe.html
    assert "evil" not in safe.html


@pytest.mark.parametrize("element", ["svg", "math"])
def test_a_style_inside_another_element_cannot_close_the_style_sheet(element: str) -> None:
    """There its text may hold references, and decodes to what no `<style>` of HTML could say."""
    evil = "&lt;/style&gt;&lt;script src=//evil.example/x.js&gt;&lt;/script&gt;"
    safe = clean(f"<{element}><style>@media {evil}{{a{{color:red}}}}</style></{element}>Hi")
    assert "<" not in safe.css
    assert css_violations(safe.css) == []


def test_a_media_query_may_compare() -> None:
    css = clean("<style>@media (width <= 600px){.b{color:red}}</style>Hi").css
    assert css == "@media (width <= 600px){.b{color:red}}"


def test_remote_images_wait_in_data_src_until_they_are_allowed() -> None:
    html = '<p><img src="https://pics.example/a.png?x=1&amp;y=2" alt="A" width="100"></p>'
    blocked, allowed = clean(html), clean(html, allow_remote=True)
    assert blocked.html == '<p><img alt="A" width="100" data-src="https://pics.example/a.png?x=1&amp;y=2"></p>'
    assert blocked.blocked_remote == 1
    assert 'src="https://pics.example/a.png?x=1&amp;y=2"' in allowed.html
    assert (allowed.blocked_remote, allowed.trackers) == (0, 0)


def test_allowed_images_go_through_the_proxy_when_one_is_named() -> None:
    safe = sanitise(
        '<img src="https://pics.example/a.png">',
        cid_url=nothing_ours,
        allow_remote=True,
        remote_url=lambda url: f"{OWN_URL}img?u={quote(url, safe='')}",
    )
    assert safe.html == f'<img src="{OWN_URL}img?u=https%3A%2F%2Fpics.example%2Fa.png">'


@pytest.mark.parametrize(
    "pixel",
    [
        '<img src="https://t.example/p" width="1" height="1">',
        '<img src="https://t.example/p" width=0 height=0>',
        '<img src="https://t.example/p" style="width:1px;height:1px">',
        '<img src="https://t.example/p" style="display:none">',
    ],
)
@pytest.mark.parametrize("allow_remote", [True, False])
def test_a_tracking_pixel_is_counted_and_never_kept(pixel: str, allow_remote: bool) -> None:
    safe = clean(f"<p>Hello{pixel}</p>", allow_remote=allow_remote)
    assert safe.trackers == 1
    assert safe.html == "<p>Hello</p>"


def test_images_of_the_same_mail_are_found_by_content_id_and_location() -> None:
    places = {"logo@x": "/own/1", "pics/photo.png": "/own/2", "https://cms.example/banner.gif": "/own/3"}
    safe = sanitise(
        '<img src="cid:logo%40x"><img src="pics/photo.png"><img src="https://cms.example/banner.gif">'
        '<img src="CID:gone">',
        cid_url=places.get,
        allow_remote=False,
    )
    assert safe.html == '<img src="/own/1"><img src="/own/2"><img src="/own/3"><img>'
    assert safe.cids == ("logo@x", "gone")
    assert safe.blocked_remote == 0


def test_a_mail_cannot_name_urls_of_our_own_server() -> None:
    safe = clean('<img src="/attachments/5/inline/"><a href="/api/v1/erase">x</a>')
    assert "attachments" not in safe.html
    assert "erase" not in safe.html


def test_links_are_resolved_against_the_base_and_the_base_is_dropped() -> None:
    safe = clean(
        '<head><base href="https://shop.example/de/"></head><a href="offer?id=1">x</a><a href="//cdn.example/">y</a>'
    )
    assert 'href="https://shop.example/de/offer?id=1"' in safe.html
    assert 'href="https://cdn.example/"' in safe.html
    assert "<base" not in safe.html
    assert "href" not in clean('<base href="javascript:alert(1)//"><a href="x">x</a>').html


def test_a_jump_inside_the_mail_stays_inside_and_cannot_clobber_the_page() -> None:
    safe = clean('<a href="#part2">down</a><h2 id="part2">Two</h2><a name="body">x</a>')
    assert '<a href="#m-part2" rel="noopener noreferrer nofollow ugc">down</a>' in safe.html
    assert '<h2 id="m-part2">' in safe.html
    assert 'name="m-body"' in safe.html


def test_style_sheets_come_apart_filtered_and_with_the_same_ids() -> None:
    safe = clean(
        "<style>@import url(x.css);@font-face{font-family:x;src:url(y)}#top p.a{color:red;background:url(//e/x)}"
        "a[href^=x]{color:blue}@media (max-width:600px){.b{width:100%!important;position:fixed}}</style><p id=top>Hi"
    )
    assert safe.css == "#m-top p.a{color:red}@media (max-width:600px){.b{width:100%!important}}"
    assert safe.html == '<p id="m-top">Hi</p>'
    assert safe.blocked_remote == 3


def test_every_background_that_was_taken_out_is_counted() -> None:
    safe = clean(
        '<body background="https://e.example/1"><table background="https://e.example/2"><td style="background:url(3)">x'
    )
    assert safe.blocked_remote == 3
    assert "e.example" not in safe.html


def test_the_background_of_the_body_survives_as_a_box() -> None:
    assert clean('<body bgcolor="#eee" style="margin:0;background:url(x)"><p>x').html == (
        '<div style="background-color:#eee;margin:0"><p>x</p></div>'
    )


@pytest.mark.parametrize(
    "style",
    [
        "background:url(https://e.example/x)",
        "background:\\75rl(https://e.example/x)",
        "background:u/**/rl(x)",
        "background:image-set('x' 1x)",
        "--x:url(x);background:var(--x)",
        "width:expression(alert(1))",
        "position:fixed;top:0",
        "content:'Approve'",
        "z-index:99999",
        "cursor:url(x),auto",
        "behavior:url(x)",
        "-moz-binding:url(x)",
        "list-style:url(x)",
        "font-family:'x;}body{background:url(y)'",
        "background:url(x",
        "color:red}</style><script>",
    ],
)
def test_a_style_that_could_fetch_or_cover_goes(style: str) -> None:
    assert css_rules.declarations(style) == ""


def test_ordinary_styles_stay() -> None:
    style = (
        "margin:0 0 10px;font-family:'Segoe UI', Arial;color:rgb(1, 2, 3);background:linear-gradient(90deg,#fff,#eee)"
    )
    assert css_rules.declarations(style) == style


def test_text_that_looks_like_markup_is_kept_as_text() -> None:
    assert clean("a &lt;script&gt; b <xmp><b></xmp>").html == "a &lt;script&gt; b &lt;b&gt;"


def test_leading_line_breaks_of_preformatted_text_survive_every_pass() -> None:
    once = clean("<pre>\n\n\n\n  x</pre>").html
    assert clean(once).html == once == "<pre>\n\n\n\n  x</pre>"


def test_word_html_of_the_corpus_keeps_its_text() -> None:
    source = (CORPORA / "html/loofah/msword.html").read_text("utf-8")
    safe = clean(source)
    assert "Foo" in safe.html
    assert violations(safe.html) == []


def test_text_that_is_cut_ends_before_a_tag_that_is_cut() -> None:
    text, cut = html_to_text("word " * (limits.HTML_TEXT // 5 - 1) + "<b class='x'>bold</b>")
    assert cut
    assert text.endswith("word")


def test_plain_text_becomes_safe_html_with_links_and_foldable_quotes() -> None:
    html = text_to_html('See https://x.example/a_(b). <b>"me"</b> anna@example.org\n> old\n> words')
    assert '<a href="https://x.example/a_(b)" target="_blank" rel="noopener noreferrer nofollow ugc">' in html
    assert "&lt;b&gt;&quot;me&quot;&lt;/b&gt;" in html
    assert 'href="mailto:anna@example.org"' in html
    assert (
        '<blockquote class="pm-quoted"><div style="white-space:pre-wrap">&gt; old\n&gt; words</div></blockquote>'
        in html
    )
    assert violations(html) == []


def test_plain_text_of_the_attack_lists_is_harmless() -> None:
    for name, payload in VECTORS:
        assert violations(text_to_html(payload)) == [], name
