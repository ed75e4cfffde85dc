"""The pages of the simulated login, for people and for tests: plain HTML that says what it is."""

from collections.abc import Iterable, Mapping
from html import escape
from html.parser import HTMLParser

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Simulated Microsoft: {title}</title>
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}}
.banner{{background:#ffd54f;padding:.5rem 1rem;border-radius:.3rem}}button{{font:inherit;padding:.4rem 1.2rem}}</style>
</head><body><p class="banner"><strong>Simulated Microsoft.</strong> No account of Microsoft's is asked for here.</p>
<h1>{title}</h1>
{body}
</body></html>
"""


def page(title: str, body: str) -> str:
    """A page; `body` is HTML."""
    return _PAGE.format(title=escape(title), body=body)


def hidden(fields: Mapping[str, str]) -> str:
    """Fields of a form that nobody sees."""
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )


def consent_page(action: str, ticket: str, app: str, scopes: Iterable[str], accounts: Iterable[str], hint: str) -> str:
    """Asks which account, and whether the application may have what it wants."""
    wanted = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in scopes)
    choices = "".join(
        f'<p><label><input type="radio" name="account" value="{escape(address)}" required'
        f"{' checked' if address == hint else ''}> {escape(address)}</label></p>"
        for address in accounts
    )
    return page(
        f"{app} asks for your permission",
        f'<form method="post" action="{escape(action)}">{hidden({"ticket": ticket})}'
        f"<fieldset><legend>Account</legend>{choices}</fieldset><p>It wants to:</p><ul>{wanted}</ul>"
        '<button name="decision" value="accept">Accept</button> '
        '<button name="decision" value="decline" formnovalidate>Cancel</button></form>',
    )


def form_post_page(action: str, fields: Mapping[str, str]) -> str:
    """Hands the answer back by a form that sends itself (`response_mode=form_post`)."""
    return page(
        "Working",
        f'<form method="post" action="{escape(action)}">{hidden(fields)}<noscript><button>Continue</button></noscript>'
        "</form><script>document.forms[0].submit()</script>",
    )


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = values["action"]
        elif tag == "input" and values.get("type") == "hidden":
            self.fields[values["name"]] = values["value"]


def read_form(html: str) -> tuple[str, dict[str, str]]:
    """The action of the page's form and its hidden fields."""
    form = _Form()
    form.feed(html)
    return form.action, form.fields
