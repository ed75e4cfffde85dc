"""The Mistral API on the loopback: it refuses what the service refuses, answers by a script, and keeps a journal.

with MistralApi() as api:
    api.when(says("invoice"), say({"category": "billing"}))
    ChatMistralAI(base_url=api.url, api_key=api.key)
    MistralAIEmbeddings(endpoint=api.url + "/", api_key=api.key, tokenizer=...)
    api.journal[-1].body, api.journal[-1].verdict
"""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

from tests.fakes.mistral import completion, conversation, reader, tokens
from tests.fakes.mistral.catalogue import BY_NAME, listing
from tests.fakes.mistral.control import PREFIX, control
from tests.fakes.mistral.embedding import embed, packed
from tests.fakes.mistral.script import CHAT, EMBEDDINGS, Act, Asked, Condition, Rule, Script
from tests.fakes.mistral.wire import ChatRequest, EmbeddingRequest, parse
from tests.fakes.mistral.wordings import Refusal, refusal

KEY: Final = "fake-mistral-key"
MODELS: Final = "/v1/models"
METHODS: Final = {CHAT: "POST", EMBEDDINGS: "POST", MODELS: "GET"}
LARGEST: Final = 32 * 1024 * 1024
PER_MINUTE: Final = 60.0


@dataclass(slots=True)
class Entry:
    """One request in the journal. `verdict` is "ok", the name of a refusal, or what else was done to it."""

    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes
    at: float
    verdict: str = ""
    status: int = 0
    usage: Mapping[str, int] = field(default_factory=dict)

    @property
    def body(self) -> Any:
        """The request's JSON. Raises ValueError where it is none."""
        return json.loads(self.raw)


class MistralApi:
    """Listens on the loopback. `per_minute` limits requests as the service does; None for no limit."""

    def __init__(
        self,
        port: int = 0,
        *,
        keys: tuple[str, ...] = (KEY,),
        per_minute: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.keys = set(keys)
        self.key = keys[0]
        self.per_minute = per_minute
        self.clock = clock
        self.script = Script()
        self.journal: list[Entry] = []
        self.most_at_once = 0
        self._now = 0
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        outer = self

        class Handler(_Handler):
            api = outer

        self._server = _Server(("127.0.0.1", port), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """What `ChatMistralAI(base_url=...)` and MISTRAL_BASE_URL take."""
        return f"{self.origin}/v1"

    def when(self, condition: Condition, act: Act, times: int | None = None) -> Rule:
        """Add a rule to the script; the newest is asked first."""
        return self.script.when(condition, act, times)

    def asked(self, path: str = CHAT) -> list[Entry]:
        """The requests to one path, in the order of their arrival."""
        return [entry for entry in self.journal if entry.path == path]

    def note(self, entry: Entry) -> int:
        """Write into the journal; gives the entry's number."""
        with self._lock:
            self.journal.append(entry)
            return len(self.journal)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Counts the requests that are answered at the same time."""
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1

    def limited(self) -> tuple[Refusal | None, dict[str, str]]:
        """Whether the minute's requests are used up, and the headers that tell of it."""
        if self.per_minute is None:
            return None, {}
        since = self.clock() - PER_MINUTE
        with self._lock:
            used = sum(1 for entry in self.journal if entry.at > since and entry.verdict == "ok")
        left = max(0, self.per_minute - used)
        told = {
            "x-ratelimit-limit-req-minute": str(self.per_minute),
            "x-ratelimit-remaining-req-minute": str(max(0, left - 1)),
        }
        return (refusal("rate_limited", told), told) if left == 0 else (None, told)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        # First, so that answers which are delayed end at once.
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gives up is what tests are about: no traceback."""


class _Cut(Exception):
    """The connection ends here."""


class _Handler(BaseHTTPRequestHandler):
    api: MistralApi
    protocol_version = "HTTP/1.1"
    # Small writes go out as they come, or a stream arrives in one piece.
    wbufsize = 0
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._handle
        raise AttributeError(name)

    def log_message(self, *args: Any) -> None:
        """Quiet: the journal has it."""

    def _handle(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        if size > LARGEST:
            # Its body is never read, so nothing else can come over this connection.
            self.close_connection = True
            entry = self._entry(b"")
            self.api.note(entry)
            self._refuse(entry, refusal("too_large"))
            return
        raw = self.rfile.read(size)
        if self.path.startswith(PREFIX):
            status, body = control(self.api, self.command, self.path, raw)
            self._whole(status, body, {"Content-Type": "application/json"})
            return
        entry = self._entry(raw)
        # The limit is looked at first: this request is in the journal, but not yet answered.
        limit, self.told = self.api.limited()
        number = self.api.note(entry)
        try:
            with self.api.answering():
                self._answer(entry, number, limit)
        except _Cut:
            self.close_connection = True

    def _entry(self, raw: bytes) -> Entry:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Entry(self.command, self.path.partition("?")[0], headers, raw, self.api.clock())

    def _answer(self, entry: Entry, number: int, limit: Refusal | None) -> None:
        wrong = self._gate(entry) or limit
        if wrong is not None:
            self._refuse(entry, wrong)
        elif entry.path == CHAT:
            self._chat(entry, number)
        elif entry.path == EMBEDDINGS:
            self._embeddings(entry)
        else:
            self._models(entry)

    def _gate(self, entry: Entry) -> Refusal | None:
        """What the gateway refuses before it looks at the body."""
        of_models = entry.path.startswith(f"{MODELS}/")
        if entry.path not in METHODS and not of_models:
            return refusal("no_route")
        scheme, _, key = entry.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key.strip() not in self.api.keys:
            return refusal("unauthorized")
        if entry.method != METHODS.get(entry.path, "GET"):
            return refusal("wrong_method")
        return None

    def _models(self, entry: Entry) -> None:
        name = entry.path.removeprefix(MODELS).removeprefix("/")
        if name and name not in BY_NAME:
            self._refuse(entry, refusal("model_not_found", model=name))
            return
        self._json(entry, BY_NAME[name].shown(name) if name else listing())

    def _embeddings(self, entry: Entry) -> None:
        request = parse(EmbeddingRequest, entry.raw, entry.headers.get("content-type", ""))
        wrong = request if isinstance(request, Refusal) else conversation.of_embeddings(request)
        if wrong is not None or isinstance(request, Refusal):
            assert wrong is not None
            self._refuse(entry, wrong)
            return
        act = self._scripted(entry)
        if act is None:
            return
        texts = [request.input] if isinstance(request.input, str) else request.input
        used = sum(tokens.count(text) for text in texts)
        entry.usage = {"prompt_tokens": used, "completion_tokens": 0, "total_tokens": used}
        shown = packed if request.encoding_format == "base64" else list[float]
        found = [{"object": "embedding", "embedding": shown(embed(text)), "index": at} for at, text in enumerate(texts)]
        told = {"id": f"{len(texts):x}{used:x}", "object": "list", "data": found, "model": request.model}
        self._json(entry, told | {"usage": entry.usage}, act)

    def _chat(self, entry: Entry, number: int) -> None:
        request = parse(ChatRequest, entry.raw, entry.headers.get("content-type", ""))
        wrong = request if isinstance(request, Refusal) else conversation.of_chat(request)
        if wrong is not None or isinstance(request, Refusal):
            assert wrong is not None
            self._refuse(entry, wrong)
            return
        act = self._scripted(entry)
        if act is None:
            return
        prompt = conversation.prompt_tokens(request)
        done = completion.complete(request, act, prompt, number, int(self.api.clock()))
        entry.usage = done.usage
        if not request.stream:
            self._json(entry, done.whole(), act)
            return
        self._stream(entry, [*(completion.event(one) for one in done.chunks()), b"data: [DONE]\n\n"], act)

    def _scripted(self, entry: Entry) -> Act | None:
        """What is left to answer; None where the script's act was the whole answer."""
        asked = Asked(entry.path, entry.headers, entry.body)
        act = self.api.script.act(asked)
        if act.delay and self.api.stopping.wait(act.delay):
            entry.verdict = "stopped"
            raise _Cut
        if act.hang_up:
            entry.verdict = "dropped"
            # A reset, as a machine that crashed sends.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise _Cut
        if act.refusal is not None:
            self._refuse(entry, act.refusal)
            return None
        if act.raw is not None:
            entry.verdict, entry.status = "garbled", 200
            kind = "text/event-stream" if asked.body.get("stream") else "application/json"
            self._whole(200, act.raw, {"Content-Type": kind}, act.cut_at)
            return None
        if entry.path == CHAT and act.content is None and not act.calls:
            read = reader.answer(asked)
            return Act(read.content, read.calls, act.finish, pause=act.pause, cut_at=act.cut_at)
        return act

    def _refuse(self, entry: Entry, wrong: Refusal) -> None:
        entry.verdict, entry.status = wrong.name, wrong.status
        self._whole(wrong.status, wrong.body, wrong.headers)

    def _json(self, entry: Entry, answer: object, act: Act | None = None) -> None:
        entry.verdict, entry.status = "ok", 200
        body = json.dumps(answer, ensure_ascii=False).encode()
        self._whole(200, body, {"Content-Type": "application/json"}, act.cut_at if act else None)

    def _whole(self, status: int, body: bytes, headers: Mapping[str, str], cut_at: int | None = None) -> None:
        self._head(status, {"Content-Length": str(len(body))} | dict(headers))
        if cut_at is not None:
            self.wfile.write(body[: len(body) // 2])
            raise _Cut
        self.wfile.write(body)

    def _stream(self, entry: Entry, events: list[bytes], act: Act) -> None:
        entry.verdict, entry.status = "ok", 200
        self._head(200, {"Content-Type": "text/event-stream; charset=utf-8", "Transfer-Encoding": "chunked"})
        for sent in self._until_cut(events, act.cut_at):
            if act.pause and self.api.stopping.wait(act.pause):
                raise _Cut
            self.wfile.write(b"%x\r\n%s\r\n" % (len(sent), sent))
        if act.cut_at is not None:
            entry.verdict = "cut"
            raise _Cut
        self.wfile.write(b"0\r\n\r\n")

    @staticmethod
    def _until_cut(events: list[bytes], cut_at: int | None) -> Iterator[bytes]:
        yield from events[:cut_at]
        if cut_at is not None and cut_at < len(events):
            # The cut falls inside an event.
            yield events[cut_at][: len(events[cut_at]) // 2]

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        told = {"mistral-correlation-id": f"{len(self.api.journal):032x}"} | getattr(self, "told", {}) | dict(headers)
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
