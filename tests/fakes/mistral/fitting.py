"""Fills a JSON schema from a text: each property by its name, type, enumeration and description."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.fakes.mistral import bounds
from tests.fakes.mistral.facts import LINK, PHONE, Facts
from tests.fakes.mistral.moments import moments
from tests.fakes.mistral.phrases import DATED
from tests.fakes.mistral.words import folded, stems

Schema = Mapping[str, Any]

DEEP: Final = 12
"""Where a schema that contains itself is ended."""

# Words of names (split at "_" and capitals) and what they ask for; the first that fits is taken.
TIMES: Final = {
    "start",
    "begin",
    "end",
    "date",
    "day",
    "deadline",
    "due",
    "when",
    "time",
    "at",
    "until",
    "inizio",
    "fine",
    "scadenza",
}
ASKED: Final = {
    "task",
    "tasks",
    "action",
    "actions",
    "todo",
    "todos",
    "request",
    "requests",
    "question",
    "questions",
    "needs",
    "ask",
}
PROMISED: Final = {"promise", "promises", "promised", "commitment", "commitments"}
DUE: Final = {"deadline", "due", "scadenza"}
SCALARS: Final = ("string", "integer", "number")
SURE: Final = {"confidence", "probability", "certainty", "score"}
SURENESS: Final = 0.6
"""What it says of its own certainty: more than a coin, and no more."""

MONEY: Final = {"amount", "sum", "total", "price", "importo", "totale"}
EVENTS: Final = {"event", "events", "meeting", "meetings", "appointment", "appointments", "dates", "appuntamenti"}
NEUTRAL: Final = (
    "nothing",
    "none",
    "other",
    "others",
    "unknown",
    "neutral",
    "normal",
    "medium",
    "low",
    "general",
    "altro",
    "nessuno",
)
SIGNS: Final[Mapping[str, frozenset[str]]] = {
    "invoice": frozenset("invoice fattura rechnung facture factura payment pagamento".split()),
    "billing": frozenset("invoice fattura rechnung facture factura payment pagamento iban".split()),
    "finance": frozenset("invoice fattura rechnung facture factura budget iban".split()),
    "meeting": frozenset("meeting riunione termin reunion call appuntamento besprechung rendez".split()),
    "sales": frozenset("offer quote preventivo angebot devis presupuesto order ordine".split()),
    "support": frozenset("error problem problema errore fehler help aiuto ticket probleme".split()),
    "personal": frozenset("dinner birthday cena compleanno weekend geburtstag famiglia".split()),
    "positive": frozenset("thanks great grazie ottimo danke perfekt merci gracias perfetto".split()),
    "negative": frozenset("disappointed unacceptable complaint deluso reclamo inaccettabile beschwerde late".split()),
}


def fit(schema: Schema, facts: Facts) -> Any:
    """A value that the schema admits, read off the text where the text says something."""
    return _Filler(schema, facts).value(schema, (), 0)


class _Filler:
    def __init__(self, root: Schema, facts: Facts) -> None:
        self.root, self.facts = root, facts

    def value(self, schema: Schema, path: tuple[str, ...], depth: int) -> Any:
        schema = self.resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.chosen(schema["enum"], path, schema)
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return self.one_of(schema[union], path, depth)
        kind = schema.get("type") or ("object" if "properties" in schema else "string")
        if isinstance(kind, list):
            return self.one_of([{**schema, "type": one} for one in kind], path, depth)
        match kind:
            case "object":
                return self.object(schema, path, depth)
            case "array":
                return self.array(schema, path, depth)
            case "boolean":
                return self.boolean(path, schema)
            case "integer" | "number":
                return bounds.number(schema, self.found(schema, path))
            case "null":
                return None
        return bounds.text(schema, self.found({**schema, "type": "string"}, path), self.facts.base)

    def resolved(self, schema: Schema) -> Schema:
        """The schema that references and `allOf` amount to."""
        for _ in range(DEEP):
            if "$ref" in schema:
                target: Any = self.root
                for step in schema["$ref"].removeprefix("#/").split("/"):
                    target = target[step]
                schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
            elif "allOf" in schema:
                merged: dict[str, Any] = {}
                for part in schema["allOf"]:
                    merged |= self.resolved(part)
                schema = merged | {key: value for key, value in schema.items() if key != "allOf"}
            else:
                break
        return schema

    def one_of(self, choices: Sequence[Schema], path: tuple[str, ...], depth: int) -> Any:
        """The first choice that finds something in the text; null where it may be null."""
        for choice in map(self.resolved, choices):
            # A schema that says nothing is where a client gave up on one that contains itself.
            if not choice or choice.get("type") == "null":
                continue
            if choice.get("type") in SCALARS and "enum" not in choice and not self.found(choice, path):
                continue
            value = self.value(choice, path, depth)
            if value not in (None, [], {}):
                return value
        nullable = any(self.resolved(choice).get("type") == "null" for choice in choices)
        return None if nullable else self.value(choices[0], path, depth)

    def object(self, schema: Schema, path: tuple[str, ...], depth: int) -> dict[str, Any]:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        required = set(schema.get("required", ()))
        wanted = [name for name in properties if depth < DEEP or name in required]
        return {name: self.value(properties[name], (*path, name), depth + 1) for name in wanted}

    def array(self, schema: Schema, path: tuple[str, ...], depth: int) -> list[Any]:
        items = self.resolved(schema.get("items", {"type": "string"}))
        least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", 10))
        found = [] if depth >= DEEP else self.items(items, path, depth)[:most]
        while len(found) < least:
            found.append(self.value(items, path, depth + 1))
        return found

    def items(self, items: Schema, path: tuple[str, ...], depth: int) -> list[Any]:
        """What the text has for an array: by its name a thing for each sentence, else by the kind of its items."""
        words = words_of(path[-1] if path else "")
        if words & EVENTS:
            dated = [sentence for sentence in self.facts.sentences if self.happens(sentence)]
            return [self.about(sentence, items, path, depth) for sentence in dated]
        if words & (ASKED | PROMISED):
            told = self.facts.promises if words & PROMISED else self.facts.requests
            return [self.about(sentence, items, path, depth) for sentence in told]
        if "enum" in items:
            return [one for one in items["enum"] if self.score(str(one))]
        if items.get("type") in ("number", "integer"):
            return [bounds.number(items, one) for one in self.facts.sums or self.facts.numbers]
        if items.get("type") != "string":
            return []
        if words & {"addresses", "emails", "recipients", "attendees", "participants"}:
            texts = list(dict.fromkeys(self.facts.addresses))
        elif words & {"links", "urls"}:
            texts = LINK.findall(self.facts.source)
        else:
            texts = self.facts.sentences[:3]
        return [bounds.text(items, one, self.facts.base) for one in texts]

    def about(self, sentence: str, items: Schema, path: tuple[str, ...], depth: int) -> Any:
        """An item that is read off one sentence of the text; what it does not say is taken from the head."""
        if items.get("type") == "string" and "enum" not in items:
            return bounds.text(items, sentence, self.facts.base)
        head = "\n".join(
            f"{name}: {value}"
            for name, value in self.facts.headers.items()
            if name in ("Date", "Sent", "Data", "Datum")
        )
        return _Filler(self.root, Facts(f"{head}\n\n{sentence}")).value(items, path, depth + 1)

    def happens(self, sentence: str) -> bool:
        """True when it tells of something at an hour, or of something that has a day."""
        found = moments(sentence, self.facts.base)
        return any(one.hour for one in found) or bool(found and DATED.search(folded(sentence)))

    def chosen(self, values: Sequence[Any], path: tuple[str, ...], schema: Schema) -> Any:
        """The value whose words, or signs, the text holds most of."""
        words = words_of(path[-1] if path else "")
        if words & {"language", "lang"} and self.facts.language in values:
            return self.facts.language
        if words & {"urgency", "priority"}:
            order = [one for one in ("critical", "urgent", "high") if one in values]
            if self.facts.pressing and order:
                return order[0]
        ranked = sorted(values, key=lambda value: -self.score(str(value)))
        if self.score(str(ranked[0])):
            return ranked[0]
        return next((one for one in NEUTRAL if one in values), schema.get("default", values[0]))

    def score(self, value: str) -> int:
        """How much the text speaks of a value."""
        lowered = value.casefold().replace("_", " ")
        if lowered in ("newsletter", "spam", "promotion", "bulk", "automated", "automatic"):
            return 3 if self.facts.bulk or self.facts.away else 0
        facts = self.facts
        if lowered in ("waiting on me", "needs reply", "reply", "action"):
            return 2 if facts.wants_an_answer or (facts.own and facts.promises) else 0
        if lowered == "waiting on them":
            return 1 if facts.own and facts.requests else int(bool(facts.promises) and not facts.own)
        signs = set().union(*(stems(" ".join(SIGNS[one])) for one in lowered.split() if one in SIGNS))
        return 2 * len(signs & self.facts.stems) + len(stems(lowered) & self.facts.stems)

    def boolean(self, path: tuple[str, ...], schema: Schema) -> bool:
        name = path[-1] if path else ""
        words = words_of(name)
        if words & {"reply", "answer", "response", "question", "waiting", "respond"}:
            return self.facts.wants_an_answer
        if words & {"urgent", "important", "critical"}:
            return self.facts.pressing
        if words & {"newsletter", "bulk", "automated", "automatic", "spam", "marketing"}:
            return self.facts.bulk or self.facts.away
        if words & (TIMES | EVENTS) and not words & {"all"}:
            return bool(self.facts.moments)
        if words & {"all", "allday"}:
            return bool(self.facts.moments) and self.facts.moments[0].hour is None
        asked = stems(name.replace("_", " ")) | stems(str(schema.get("description", "")))
        return len(asked & self.facts.stems) >= 2

    def counted(self, words: set[str]) -> list[float]:
        """The numbers that a property may mean."""
        return self.facts.sums if words & MONEY else self.facts.numbers

    def found(self, schema: Schema, path: tuple[str, ...]) -> Any:
        """The number or the text that a property means; None or nothing where the text does not tell."""
        words = words_of(path[-1] if path else "")
        kind = schema.get("format", "")
        if schema.get("type") in ("integer", "number"):
            high = schema.get("maximum", schema.get("exclusiveMaximum", 1))
            return SURENESS * max(1, high) if words & SURE else next(iter(self.counted(words)), None)
        if kind in ("date", "date-time", "time") or words & TIMES:
            return self.moment(words, kind)
        return self.named(words | ({kind} if kind in ("email", "url") else set()))

    def moment(self, words: set[str], kind: str) -> str:
        found = self.facts.moments
        if words & DUE:
            asked = [*self.facts.requests, *self.facts.promises]
            found = [moment for sentence in asked for moment in moments(sentence, self.facts.base)]
        if not found:
            return ""
        # The end is the second moment named, where one is.
        moment = found[1] if words & {"end", "until", "fine"} and len(found) > 1 else found[0]
        told = moment.iso()
        if kind == "date":
            return told[:10]
        return f"{told}T00:00:00" if kind == "date-time" and "T" not in told else told

    def named(self, words: set[str]) -> str:
        facts = self.facts
        if words & {"email", "address"}:
            return (facts.addresses or [""])[0]
        if words & {"phone", "telephone", "mobile"}:
            return next(iter(PHONE.findall(facts.body)), "")
        if words & {"url", "link"}:
            return next(iter(LINK.findall(facts.source)), "")
        if words & {"category", "label", "kind", "type", "topic", "categoria"}:
            return self.chosen((*SIGNS, "newsletter", "other"), (), {})
        if words & {"language", "lang", "lingua"}:
            return facts.language
        if words & {"subject", "title", "oggetto", "titolo", "headline"}:
            return facts.subject or facts.gist[:80]
        if words & {"sender", "from", "author", "name", "person", "who"}:
            return facts.sender.partition("<")[0].strip().strip('"')
        if words & {"timezone", "zone", "tz", "location", "place", "luogo"}:
            return ""
        if words & PROMISED:
            return (facts.promises or [""])[0]
        if words & (ASKED | {"why", "reason", "justification", "motivo"}):
            return (facts.requests or facts.promises or [facts.gist])[0]
        return facts.gist


def words_of(name: str) -> set[str]:
    """The words of a name like `needs_reply` or `needsReply`."""
    return {word.casefold() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
