"""The HTML that shops, banks and newsletters send: tables, inline styles, remote images, a footer. Pure."""

import html
from random import Random

from .scripts import Notice

FONT = "font-family:'Helvetica Neue',Helvetica,Arial,sans-serif"
UNSUBSCRIBE = {
    "it": "Ricevi questo messaggio perché ti sei iscritto. <a href='{url}' style='color:#5b6270'>Annulla l'iscrizione</a>",
    "en": "You receive this because you signed up. <a href='{url}' style='color:#5b6270'>Unsubscribe</a>",
}
GREETING = {"it": "Ciao {name},", "en": "Hello {name},"}


def notice(form: Notice, slots: dict[str, str], language: str, rng: Random) -> tuple[str, str]:
    """A notice as (plain text, HTML), with its slots filled."""
    domain = form.address.partition("@")[2]
    heading = form.heading.format_map(slots)
    lines = [line.format_map(slots) for line in form.lines]
    hello = GREETING[language].format(name=slots["to"])
    table = [(name.format_map(slots), value.format_map(slots)) for name, value in form.table]
    plain = "\n\n".join([hello, *lines])
    if table:
        plain += "\n\n" + "\n".join(f"{name}: {value}" for name, value in table)
    link = f"https://www.{domain}/{rng.getrandbits(32):08x}"
    if form.button:
        plain += f"\n\n{form.button}: {link}"
    return plain + f"\n\n-- \n{form.sender}\n", _page(form, heading, hello, lines, table, link, language)


def _page(
    form: Notice, heading: str, hello: str, lines: list[str], table: list[tuple[str, str]], link: str, language: str
) -> str:
    domain = form.address.partition("@")[2]
    body = "".join(f"<p style='margin:0 0 14px;line-height:1.5'>{html.escape(line)}</p>" for line in lines)
    if form.newsletter and len(lines) > 2:
        body = "".join(_story(domain, position, line) for position, line in enumerate(lines, start=1))
    footer = UNSUBSCRIBE[language].format(url=f"{link}/unsubscribe") if form.list_id else html.escape(form.sender)
    hero = f"<tr><td><img src='https://img.{domain}/hero.jpg' width='600' height='220' alt='' style='display:block;width:100%;height:auto'></td></tr>"
    return (
        f"<!doctype html><html lang='{language}'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{html.escape(heading)}</title><style>@media (max-width:620px){{.sheet{{width:100%!important}}}}</style></head>"
        f"<body style='margin:0;background:#f2f4f7;{FONT};color:#1a1d23'><table role='presentation' width='100%' cellpadding='0' cellspacing='0'>"
        f"<tr><td align='center' style='padding:24px 12px'><table role='presentation' class='sheet' width='600' cellpadding='0' cellspacing='0' style='background:#ffffff;border-radius:8px;overflow:hidden'>"
        f"<tr><td style='background:{form.colour};color:#ffffff;padding:18px 28px;font-size:16px;font-weight:bold'>{html.escape(form.sender)}</td></tr>"
        f"{hero if form.newsletter else ''}"
        f"<tr><td style='padding:28px'><h1 style='margin:0 0 16px;font-size:24px;line-height:1.25'>{html.escape(heading)}</h1>"
        f"<p style='margin:0 0 14px;line-height:1.5'>{html.escape(hello)}</p>{body}{_table(table)}{_button(form, link)}</td></tr>"
        f"<tr><td style='padding:18px 28px;border-top:1px solid #e3e6eb;font-size:12px;color:#5b6270'>{footer}<br>{html.escape(form.sender)}, {domain}</td></tr>"
        f"</table></td></tr></table><img src='https://img.{domain}/open.gif' width='1' height='1' alt=''></body></html>"
    )


def _story(domain: str, position: int, line: str) -> str:
    return (
        "<table role='presentation' width='100%' cellpadding='0' cellspacing='0' style='margin:0 0 16px'><tr>"
        f"<td width='96' valign='top'><img src='https://img.{domain}/{position}.jpg' width='80' height='60' alt='' style='border-radius:6px'></td>"
        f"<td valign='top' style='line-height:1.5'>{html.escape(line)}</td></tr></table>"
    )


def _table(rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    cells = "".join(
        f"<tr><td style='padding:10px 0;border-bottom:1px solid #e3e6eb;color:#5b6270'>{html.escape(name)}</td>"
        f"<td align='right' style='padding:10px 0;border-bottom:1px solid #e3e6eb;font-weight:bold'>{html.escape(value)}</td></tr>"
        for name, value in rows
    )
    return f"<table role='presentation' width='100%' cellpadding='0' cellspacing='0' style='margin:8px 0 20px'>{cells}</table>"


def _button(form: Notice, link: str) -> str:
    if not form.button:
        return ""
    return (
        f"<p style='margin:20px 0 4px'><a href='{link}' style='display:inline-block;background:{form.colour};color:#ffffff;"
        f"text-decoration:none;padding:12px 22px;border-radius:6px;font-weight:bold'>{html.escape(form.button)}</a></p>"
    )
