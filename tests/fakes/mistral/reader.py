"""Answers where no rule does: follows instructions by plain rules, the same request always in the same way.

It summarises by first sentences, answers questions with the nearest sentence of the given text,
drafts polite replies, calls the tool whose description is nearest, and fills schemas from what the
text says (`fitting`). What a mail inside a request asks for is text to it, never an instruction.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from tests.fakes.mistral import desk, morning, tokens
from tests.fakes.mistral.facts import Facts
from tests.fakes.mistral.fitting import fit, words_of
from tests.fakes.mistral.script import Act, Asked, call, say
from tests.fakes.mistral.words import folded, language, stems

SUMMARISE: Final = re.compile(r"\b(?:summar\w+|riassum\w+|riassunt\w+|sintesi|zusammenfass\w+|resum\w+|digest)\b")
DRAFT: Final = re.compile(
    r"\b(?:draft|write|reply to|answer this (?:mail|email|message)|scrivi|bozza|rispondi|entwurf|antworte"
    r"|redige\w*|redacta\w*)\b"
)
NAMED_KEYS: Final = re.compile(r"\bkeys?\b\W+((?:[\"'`]\w+[\"'`](?:\s*(?:,|and|e|und|et|y)\s*)*)+)", re.IGNORECASE)
NEAR_ENOUGH: Final = 2
"""Stems that a request and a tool must share before the tool is called unasked."""

GREETINGS: Final = {
    "en": ("Hello{name},", "thank you for your message{about}.", "I will come back to you shortly.", "Best regards"),
    "it": ("Buongiorno{name},", "grazie per il messaggio{about}.", "Le rispondo al più presto.", "Cordiali saluti"),
    "de": (
        "Guten Tag{name},",
        "vielen Dank für Ihre Nachricht{about}.",
        "Ich melde mich in Kürze.",
        "Mit freundlichen Grüßen",
    ),
    "fr": ("Bonjour{name},", "merci pour votre message{about}.", "Je reviens vers vous rapidement.", "Cordialement"),
    "es": ("Hola{name},", "gracias por su mensaje{about}.", "Le respondo en breve.", "Un saludo"),
}


def answer(asked: Asked) -> Act:
    """What the model does with this request."""
    if desk.sits(asked):
        return desk.answer(asked)
    facts = Facts(asked.text)
    schema = asked.schema
    if schema is not None and (lines := morning.lines(asked)) is not None:
        return say(lines)
    if schema is not None:
        return say(_object(schema, facts))
    if (asked.body.get("response_format") or {}).get("type") == "json_object":
        return say(_object(_described(asked), facts))
    tool = _tool(asked)
    if tool is not None:
        return call(
            tool["function"]["name"], json.dumps(_object(tool["function"]["parameters"], facts), ensure_ascii=False)
        )
    return say(_prose(asked, facts))


def _object(schema: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    value = fit(schema, facts)
    return value if isinstance(value, dict) else {"value": value}


def _described(asked: Asked) -> Mapping[str, Any]:
    """The schema that instructions write out, or one of the keys that they name."""
    for text in (asked.system, asked.text):
        for start in (match.start() for match in re.finditer(r"\{", text)):
            try:
                found, _ = json.JSONDecoder().raw_decode(text[start:])
            except json.JSONDecodeError:
                continue
            if isinstance(found, dict) and isinstance(found.get("properties"), dict):
                return found
    named = NAMED_KEYS.search(f"{asked.system}\n{asked.text}")
    keys = re.findall(r"\w+", re.sub(r"\b(?:and|e|und|et|y)\b", " ", named[1])) if named else ["answer"]
    return {"type": "object", "properties": {key: {"type": _kind(key)} for key in keys}}


def _kind(key: str) -> str:
    return "boolean" if words_of(key) & {"is", "has", "needs", "should"} else "string"


def _tool(asked: Asked) -> Mapping[str, Any] | None:
    """The tool to call: the one that is asked for, or the nearest to what was said."""
    offered = asked.body.get("tools") or []
    choice = asked.body.get("tool_choice", "auto")
    if not offered or choice == "none":
        return None
    if isinstance(choice, Mapping):
        return next(tool for tool in offered if tool["function"]["name"] == choice["function"]["name"])
    said = stems(asked.text)
    near = max(offered, key=lambda tool: len(_about(tool) & said))
    if choice in ("any", "required"):
        return near
    if asked.messages[-1]["role"] == "tool":
        # Its answer is there: now it is told, not asked for again.
        return None
    return near if len(_about(near) & said) >= NEAR_ENOUGH else None


def _about(tool: Mapping[str, Any]) -> set[str]:
    function = tool["function"]
    return stems(f"{function['name'].replace('_', ' ')} {function.get('description', '')}")


def _prose(asked: Asked, facts: Facts) -> str:
    last = asked.messages[-1]
    if last["role"] == "tool":
        return _told(tokens.plain(last["content"]))
    # What stands between tags is what it is about; the instruction is what is around it.
    around = asked.text.replace(facts.source, " ") if facts.source != asked.text else asked.text
    instruction = folded(f"{asked.system}\n{around}" if facts.source != asked.text else asked.system or asked.text)
    if SUMMARISE.search(instruction):
        return " ".join([*facts.sentences[:2], *[one for one in facts.requests if one not in facts.sentences[:2]][:2]])
    if DRAFT.search(instruction):
        return _reply(facts)
    question = asked.text if facts.source == asked.text else around
    text = facts.source if facts.source != asked.text else asked.system
    return _nearest(question, text) or facts.gist or "OK"


def _nearest(question: str, text: str) -> str:
    """The sentence of the text that shares most with the question."""
    wanted = stems(question)
    ranked = sorted(Facts(text).sentences, key=lambda sentence: -len(stems(sentence) & wanted))
    return ranked[0] if ranked and stems(ranked[0]) & wanted else ""


def _reply(facts: Facts) -> str:
    greeting, thanks, closing, regards = GREETINGS[language(facts.body)]
    name = facts.sender.partition("<")[0].strip().strip('"')
    about = f" ({facts.subject})" if facts.subject else ""
    asked = [f"> {one}" for one in facts.requests[:3]]
    lines = [
        greeting.format(name=f" {name}" if name else ""),
        "",
        thanks.format(about=about),
        *asked,
        closing,
        "",
        regards,
    ]
    return "\n".join(lines)


def _told(result: str) -> str:
    """What a tool answered, as a sentence."""
    try:
        value = json.loads(result)
    except json.JSONDecodeError:
        return result
    if isinstance(value, dict):
        return "; ".join(f"{name}: {one}" for name, one in value.items())
    return str(value)
