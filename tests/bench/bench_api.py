"""How soon the API answers a person of a big company. `make bench-api`

One tenant with 1,000,000 messages in ten accounts, all of which the person sees, and 50 tenants
beside it. Web processes, one for each core, answer 20 requests a second (mailbox list, a page deep inside it, a
conversation, searches, commands), each sent at its moment whether or not the last one is back.
Prints one JSON line for each kind of request, with its number of statements; fails when a plan reads a
whole table. The baseline of search is the bare SQL of the same page on an idle server.
"""

import argparse
import json
import os
import random
import re
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID, uuid4

from tests.bench import installation
from tests.bench.bench_gateway import serving
from tests.bench.results import quantile, show

ACCOUNTS: Final = 10
BESIDE: Final = 50
BESIDE_MESSAGES: Final = 2_000
ROWS: Final = Path(__file__).with_name("big_tenant.sql")
VOCABULARY: Final = 40_000
TEXTS: Final = 10_000  # different ones; each stands for a hundred messages
WORDS: Final = 120
PER_SECOND: Final = 20.0
BEGUN: Final = time.monotonic()
GOALS: Final = {"list": 50.0, "deep-list": 50.0, "thread": 50.0, "search": 100.0, "command": 200.0}
# Small tables may be read whole: PostgreSQL is right to.
BIG: Final = (
    "mail_message",
    "mail_messagewords",
    "mail_thread",
    "mail_threadentry",
    "mail_placement",
    "mail_attachment",
)


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    with installation.durable():
        measure(options.messages, options.seconds)


def measure(count: int, seconds: float) -> None:
    """Fill the tenants, look at every plan, then ask at the given rate."""
    from apps.tenants import context
    from apps.users.models import Role
    from tests.tenants.fixtures import Make

    make = Make()
    texts = base(min(TEXTS, count))
    progress("the texts")
    for _ in range(BESIDE):
        owner = make.member_of(make.company(), Role.OWNER)
        with context.open(owner.tenant):
            fill(owner.user_id, 1, BESIDE_MESSAGES, texts[:BESIDE_MESSAGES])
    progress(f"{BESIDE} companies beside it")
    owner = make.member_of(make.company(), Role.OWNER)
    with context.open(owner.tenant):
        fill(owner.user_id, ACCOUNTS, count, texts)
        places = Places.read()
    progress(f"the company with {count} messages")
    statements = plans(owner, places)
    bare = bare_search(owner, places)
    progress("plans and bare SQL")
    with serving("pmsync.asgi:application", processes=os.cpu_count() or 1) as port:
        asker = Asker(port, make.token(owner), places)
        asker.run(5.0)  # connections, caches
        asker.times.clear()
        asker.run(seconds)
    for name, goal in GOALS.items():
        times = [value * 1000 for value in asker.times[name]]
        p95 = quantile(times, 0.95)
        note = (
            f"p50 {statistics.median(times):.1f}; {statements[name]} statements; {count} messages, {BESIDE} tenants "
            f"beside, {PER_SECOND:.0f} requests/s in all"
        )
        show(f"api-{name}", p95, "ms p95", goal, len(times), f"{note}; baseline: the goal")
    found = quantile([value * 1000 for value in asker.times["search"]], 0.95)
    show("api-search-sql", found, "ms p95", quantile(bare, 0.95) * 1000, len(bare), "baseline: its SQL alone, p95")


# ---------------------------------------------------------------------- filling


def progress(text: str) -> None:
    """Say what is there, on standard error."""
    print(f"{time.monotonic() - BEGUN:7.1f} s  {text}", file=sys.stderr, flush=True)


def fill(owner: UUID, accounts: int, count: int, texts: Sequence[tuple[Any, ...]]) -> None:
    """Messages of these texts in the open tenant, their rows as `ingest` writes them; made by PostgreSQL."""
    from django.db import connection

    from apps.providers.models import AccountStatus, ProviderAccount

    ids = []
    for number in range(accounts):
        account = ProviderAccount.objects.create(
            owner_id=owner, address=f"a{number}@bench.example", provider_type="imap", status=AccountStatus.ACTIVE,
            settings={"imap": {"host": "127.0.0.1", "port": 1, "security": "none"}},
        )  # fmt: skip
        ids.append(account.pk)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS base, account, made, made_thread")
        cursor.execute("CREATE TEMPORARY TABLE base (n int, subject text, sender text, body text, vector tsvector)")
        cursor.execute("CREATE TEMPORARY TABLE account (n int, id uuid, inbox uuid, archive uuid)")
        for number, account_id in enumerate(ids):
            cursor.execute(
                "INSERT INTO account VALUES (%s, %s, gen_random_uuid(), gen_random_uuid())", [number, account_id]
            )
        with cursor.copy("COPY base FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(("int4", "text", "text", "text", "bytea"))
            for row in texts:
                copy.write_row(row)
        cursor.execute("DROP INDEX words_vector; DROP INDEX words_parts")
        cursor.execute(ROWS.read_text(), {"count": count, "texts": len(texts), "accounts": accounts})
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute("CREATE INDEX words_vector ON mail_messagewords USING gin (vector)")
        cursor.execute(
            "CREATE INDEX words_parts ON mail_messagewords USING gin (sender gin_trgm_ops, recipients gin_trgm_ops, "
            "subject gin_trgm_ops, filenames gin_trgm_ops)"
        )
        # As a mirror stands that grew in months: its vacuuming is not part of what is measured.
        for table in (*BIG, "mail_mailbox"):
            cursor.execute(f"VACUUM (ANALYZE) {table}")
        cursor.execute("CHECKPOINT")


def vocabulary() -> Sequence[str]:
    """Words by rank, the commonest first."""
    rng = random.Random(5)
    return ["".join(rng.choices("abcdefghilmnoprstuvz", k=rng.randint(3, 10))) for _ in range(VOCABULARY)]


def base(count: int) -> list[tuple[Any, ...]]:
    """Different texts of a Zipf vocabulary: number, subject, sender, body, and the vector as the product makes it."""
    from apps.mail.search import words

    rng, known = random.Random(6), vocabulary()
    weights = [1 / (rank + 10) for rank in range(len(known))]
    rows = []
    for number in range(count):
        chosen = rng.choices(known, weights, k=WORDS)
        subject, sender = " ".join(chosen[:5]), f"person {chosen[5]} {chosen[5]}@{chosen[6]}.example"
        body = " ".join(chosen)
        rows.append((number, subject, sender, body, words.vector(subject, sender, body, "italian")))
    return rows


@dataclass(frozen=True, slots=True)
class Places:
    """Ids to ask for."""

    mailboxes: Sequence[str]
    deepest: int
    threads: Sequence[str]
    messages: Sequence[str]

    @classmethod
    def read(cls) -> "Places":
        """From the open tenant."""
        from apps.mail.models import Mailbox, Message, Thread

        boxes = Mailbox.objects.filter(role="inbox")
        return cls(
            [str(box.pk) for box in boxes],
            max(1, min(box.threads for box in boxes) - 200),
            [str(pk) for pk in Thread.objects.order_by("id").values_list("pk", flat=True)[:5000]],
            [str(pk) for pk in Message.objects.order_by("id").values_list("pk", flat=True)[:5000]],
        )


# ---------------------------------------------------------------------- asking

Request = tuple[str, str, dict[str, Any] | None]
"""Method, path below /api/v1/, body."""


def queries() -> Callable[[random.Random], str]:
    """What people type: one to three words, rare and common ones, sometimes an operator."""
    known = vocabulary()

    def one(rng: random.Random) -> str:
        ranks = [int(len(known) ** rng.random()) for _ in range(rng.choice((1, 1, 2, 2, 3)))]
        text = " ".join(known[min(rank, len(known) - 1)] for rank in ranks)
        return text + rng.choice(("", "", "", " is:unread", " in:inbox", " from:person", " after:2026-01-01"))

    return one


def requests(places: Places) -> dict[str, Callable[[random.Random], Request]]:
    """A maker of requests of each kind."""
    typed = queries()

    def listed(rng: random.Random) -> Request:
        return "GET", f"mailboxes/{rng.choice(places.mailboxes)}/threads?limit=100", None

    def deep(rng: random.Random) -> Request:
        where = f"limit=100&position={rng.randrange(places.deepest)}"
        return "GET", f"mailboxes/{rng.choice(places.mailboxes)}/threads?{where}", None

    def thread(rng: random.Random) -> Request:
        return "GET", f"threads/{rng.choice(places.threads)}", None

    def search(rng: random.Random) -> Request:
        return "GET", f"search?limit=50&q={quote(typed(rng))}", None

    def command(rng: random.Random) -> Request:
        action = rng.choice(("read", "unread", "star", "unstar"))
        return "POST", "commands", {"action": action, "messages": [rng.choice(places.messages)]}

    return {"list": listed, "deep-list": deep, "thread": thread, "search": search, "command": command}


@dataclass
class Asker:
    """Sends requests at their moments and notes how long each took."""

    port: int
    token: str
    places: Places
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, seconds: float) -> None:
        """Ask for so long, at PER_SECOND, all kinds in turn."""
        makers, rng = list(requests(self.places).items()), random.Random(9)
        begun = time.monotonic()
        with ThreadPoolExecutor(16) as threads:
            answers = []
            for number in range(int(seconds * PER_SECOND)):
                name, make = makers[number % len(makers)]
                time.sleep(max(0.0, begun + number / PER_SECOND - time.monotonic()))
                answers.append(threads.submit(self._ask, name, make(rng), time.monotonic()))
            for answer in answers:
                answer.result()

    def _ask(self, name: str, request: Request, moment: float) -> None:
        method, path, body = request
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if body is not None:
            headers["Idempotency-Key"] = str(uuid4())
        asked = HTTPConnection("127.0.0.1", self.port, timeout=60)
        with closing(asked):
            asked.request(method, f"/api/v1/{path}", json.dumps(body) if body else None, headers)
            answer = asked.getresponse()
            text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        with self.lock:
            self.times[name].append(time.monotonic() - moment)


# ---------------------------------------------------------------------- plans


def plans(member: Any, places: Places) -> dict[str, int]:
    """Statements of one request of each kind. Raises RuntimeError for a plan that reads a big table whole."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from apps.tenants import context

    counted: dict[str, int] = {}
    rng = random.Random(3)
    for name, make in requests(places).items():
        for _ in range(8):
            with context.open(member.tenant):
                with CaptureQueriesContext(connection) as captured:
                    answer(member, make(rng))
                counted[name] = max(counted.get(name, 0), len(captured))
                for query in captured.captured_queries:
                    examine(name, query["sql"])
    return counted


def answer(member: Any, request: Request) -> None:
    """Call what the view calls, in this process."""
    from django.http import QueryDict

    from apps.mail import queries as mail
    from apps.mail import search
    from apps.mail.commands import service

    method, path, body = request
    route, _, query = path.partition("?")
    parameters = QueryDict(query)
    if method == "POST":
        service.submit(member, str(uuid4()), body)
    elif route == "search":
        search.run(member, search.Asked.parse(parameters))
    elif route.startswith("threads/"):
        mail.thread(member, UUID(route.split("/")[1]))
    else:
        mail.threads_in(member, UUID(route.split("/")[1]), mail.Page.parse(parameters))


WHOLE: Final = re.compile(r'Seq Scan on (?:\S+\.)?"?(\w+)"?')


def examine(name: str, sql: str) -> None:
    """Raise RuntimeError when the plan of a statement reads a big table whole."""
    from django.db import connection

    if not sql.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
        return
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"), [])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    if any(table in BIG for table in WHOLE.findall(plan)):
        raise RuntimeError(f"{name} reads a table whole:\n{sql[:500]}\n{plan}")


def bare_search(member: Any, places: Places) -> list[float]:
    """Seconds of what a search asks of the words' table, and of nothing around it."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from apps.tenants import context

    rng, make = random.Random(9), requests(places)["search"]
    times = []
    with context.open(member.tenant):
        for _ in range(200):
            with CaptureQueriesContext(connection) as captured:
                answer(member, make(rng))
            pages = [query["sql"] for query in captured.captured_queries if "mail_messagewords" in query["sql"]]
            if not pages:
                raise RuntimeError("a search sent no statement that reads mail_messagewords: was the table renamed?")
            begun = time.perf_counter()
            with connection.cursor() as cursor:
                for sql in pages:
                    cursor.execute(sql.replace("%", "%%"), [])
                    cursor.fetchall()
            times.append(time.perf_counter() - begun)
    return times


if __name__ == "__main__":
    main()
