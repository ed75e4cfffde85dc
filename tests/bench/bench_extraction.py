"""How well tasks and dates are extracted from the labelled mails. `make bench-extraction`

One JSON line: precision and recall of events (right to the minute) and of tasks (right about who, and about the day) by
the rules, beside the plain rule (each day named is an event, each question a task), on the mails of
tests/corpora/extraction and the threads of tests/corpora/followups. `with_fake` sends the same mails through prompt,
ChatMistralAI, shape and suggestions, where the fake of the Mistral API answers by plain rules of its own: it shows that
the path keeps what it is told, and measures no model.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

from tests.extraction import corpus, scoring
from tests.extraction.corpus import Mail
from tests.extraction.scoring import Extracted


def main() -> None:
    """Score and print."""
    import django

    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmsync.settings")
    django.setup()
    parts: dict[str, Sequence[Mail]] = {
        "develop": corpus.mails("develop"),
        "held_out": corpus.mails("held_out"),
        "threads_develop": list(corpus.threads("develop")),
        "threads_held_out": list(corpus.threads("held_out")),
    }
    started = time.perf_counter()
    figures = {name: {"mails": len(mails), **_of(mails, scoring.rules)} for name, mails in parts.items()}
    spent = (time.perf_counter() - started) * 1000 / sum(map(len, parts.values()))
    plainly = {name: _of(mails, scoring.plain) for name, mails in parts.items()}
    with_fake = _through_the_fake({name: parts[name] for name in ("develop", "held_out")})
    line: dict[str, Any] = {"bench": "extraction", "unit": "share", "rules": figures, "plain": plainly}
    print(json.dumps(line | {"with_fake": with_fake, "rules_ms_each": round(spent, 2)}), flush=True)


SETTINGS: Final = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PMSYNC_SECRET_KEY": "a measurement signs nothing and seals nothing",
    "PMSYNC_MASTER_KEYS": "k0:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
}
"""Nothing here reaches a database."""


def _of(mails: Sequence[Mail], extract: Callable[[Mail], Extracted]) -> dict[str, dict[str, float]]:
    found = [extract(one) for one in mails]
    told = {}
    for name, measure in (("events", scoring.events), ("tasks", scoring.tasks)):
        precision, recall = scoring.rates(measure(found))
        told[name] = {"precision": round(precision, 3), "recall": round(recall, 3), "n": measure(found)[2]}
    return told


def _through_the_fake(parts: dict[str, Sequence[Mail]]) -> dict[str, Any]:
    from django.conf import settings
    from langchain_core.messages import HumanMessage, SystemMessage

    from apps.ai import suggesting
    from apps.ai.model import access
    from apps.ai.reading import prompting
    from apps.ai.reading.shapes import Understanding
    from tests.fakes.mistral.server import MistralApi

    def extract(mail: Mail) -> Extracted:
        wanted = {"name": "Understanding", "schema": Understanding.model_json_schema(), "strict": True}
        runnable = access.chat().bind(response_format={"type": "json_schema", "json_schema": wanted})
        asked = [SystemMessage(prompting.READING), HumanMessage(prompting.thread(mail.talk))]
        told = Understanding.model_validate_json(str(access.invoke(runnable, asked).content))
        events, tasks = set(), []
        for wish in suggesting.wishes(told, mail.letter, mail.talk):
            if wish.kind == "calendar.create":
                start = wish.args["start"]
                events.add(start.get("date") or start["at"][:16])
            else:
                due = wish.args.get("due", {})
                tasks.append(("me", due.get("date") or due.get("at", "")[:10] or None))
        owed = tuple((who, None if day is None else date.fromisoformat(day)) for who, day in tasks)
        return Extracted(mail, frozenset(events), owed)

    with MistralApi() as api:
        settings.MISTRAL_API_KEY, settings.PMSYNC_MISTRAL_URL = api.key, api.url
        found = {name: _of(mails, extract) for name, mails in parts.items()}
        access.close()
    return found


if __name__ == "__main__":
    main()
