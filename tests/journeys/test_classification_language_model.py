"""A language model over HTTP, on a real port: what it may do, and that it may fail."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from classification_house import plain
from tradelane.classification.language_model import PAUSE, LanguageModel
from tradelane.classification.model import CODE, Suggestion

TEXT = "women's trousers"


class Server(ThreadingHTTPServer):
    """Answers what it is told to, and keeps what it was asked."""

    daemon_threads = True
    reply: Any = None
    status = 200
    wait = 0.0
    location = ""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def says(self, content: object) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        self.reply = {"choices": [{"message": {"role": "assistant", "content": text}}]}


class Handler(BaseHTTPRequestHandler):
    """POST /v1/chat/completions."""

    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append({"path": self.path, **json.loads(body)})
        self.server.headers.append(dict(self.headers))
        reply = self.server.reply
        content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            for at in range(0, len(content), max(1, len(content) // 5)):
                time.sleep(self.server.wait / 5)
                self.wfile.write(content[at : at + max(1, len(content) // 5)])
        except OSError:
            return  # the other side had no more patience

    def log_message(self, *_: Any) -> None:
        """Nothing on the test's output."""


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def bare() -> Suggestion:
    return next(plain().suggest_many([TEXT]))


def test_it_words_the_question_and_says_so(server: Server) -> None:
    server.says(
        'Sure! {"order": [], "question": "Are the trousers knitted or woven?", "code": "000000"}'
    )
    before = bare()
    found = LanguageModel(server.url, "tiny", "key-1").advise(before)
    assert found.question is not None
    assert found.question.text == "Are the trousers knitted or woven?"
    assert found.question.options == before.question.options  # type: ignore[union-attr]
    assert "The language model tiny worded the question." in found.notes
    assert (found.decision, found.ranked) == (before.decision, before.ranked)
    (asked,) = server.asked
    assert asked["path"] == "/v1/chat/completions"
    assert asked["model"] == "tiny"
    assert TEXT in json.loads(asked["messages"][1]["content"])["description"]
    assert server.headers[0]["Authorization"] == "Bearer key-1"


def test_its_order_moves_only_what_evidence_leaves_open_and_is_marked(server: Server) -> None:
    before = bare()
    backwards = [one.code for one in reversed(before.ranked)]
    server.says({"order": [*backwards, "999999"], "question": ""})
    found = LanguageModel(server.url, "tiny").advise(before)
    assert sorted(one.code for one in found.ranked) == sorted(backwards), "no code is added"
    place = {one.code: at for at, one in enumerate(before.ranked)}
    for at, one in enumerate(found.ranked):
        up = at < place[one.code]
        assert up == any("by the language model tiny, not by evidence" in r for r in one.reasons)
        assert one.probability == before.ranked[place[one.code]].probability
    assert found.decision == before.decision
    assert found.headings == before.headings


@pytest.mark.parametrize(
    "reply",
    [b"", b"no json", b"[1]", {"choices": []}, {"error": "busy"}, b"x" * 400_000, b"[" * 100_000],
)
def test_nonsense_leaves_everything_as_it_was(server: Server, reply: object) -> None:
    server.reply = reply
    before = bare()
    assert LanguageModel(server.url, "tiny").advise(before) == before


def test_slow_answers_are_not_waited_for_and_it_is_left_alone_for_a_while(server: Server) -> None:
    server.says({"question": "Knitted?"})
    server.wait = 5.0
    moment = [0.0]
    model = LanguageModel(server.url, "tiny", seconds=0.3, now=lambda: moment[0])
    before = bare()
    began = time.monotonic()
    assert model.advise(before) == before
    assert time.monotonic() - began < 2.5
    assert model.advise(before) == before
    assert len(server.asked) == 1, "not asked again at once"
    moment[0] += PAUSE + 1
    server.wait = 0.0
    assert model.advise(before).question.text == "Knitted?"  # type: ignore[union-attr]


def test_it_is_not_led_elsewhere(server: Server) -> None:
    server.says({"question": "Knitted?"})
    server.status, server.location = 307, "http://169.254.169.254/latest/meta-data"
    before = bare()
    assert LanguageModel(server.url, "tiny").advise(before) == before
    assert len(server.asked) == 1


def test_where_nobody_listens_everything_is_as_without_it(server: Server) -> None:
    before = bare()
    assert LanguageModel("http://127.0.0.1:9/v1", "tiny", seconds=0.5).advise(before) == before


def test_a_code_that_is_sure_and_many_texts_at_once_are_never_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.says({"question": "Knitted?"})
    service = plain()
    monkeypatch.setattr(service, "_advisor", LanguageModel(server.url, "tiny"))
    assert service.suggest("leather wallet").decision == CODE
    list(service.suggest_many([TEXT]))
    service.fits(TEXT, "620462")
    assert server.asked == []
    found = service.suggest(TEXT)
    assert found.question is not None
    assert found.question.text == "Knitted?"
    assert len(server.asked) == 1
