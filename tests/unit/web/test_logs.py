"""Log lines: one thing is one line, whatever a client sends, and no secret is in any."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.testclient import TestClient

from tradelane.web import logs
from tradelane.web.guard import Guard
from tradelane.web.settings import Settings

_LOGGERS = ("tradelane", "uvicorn", "uvicorn.access")
SECRET = "tl_a-secret-that-nobody-may-read"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    kept = [
        (logger, logger.handlers, logger.propagate, logger.level, logger.disabled)
        for logger in map(logging.getLogger, _LOGGERS)
    ]
    yield
    for logger, handlers, propagate, level, disabled in kept:
        logger.handlers, logger.propagate, logger.disabled = handlers, propagate, disabled
        logger.setLevel(level)


async def _broken(request: Request, error: Exception) -> Response:
    logging.getLogger("tradelane.web").error(
        "unexpected", extra={"trace_id": request.state.trace_id}, exc_info=error
    )
    return Response("broken", 500)


@pytest.fixture
def client() -> TestClient:
    """A small application behind the guard, whose one route fails when asked to."""
    app = FastAPI()
    app.add_middleware(Guard, settings=Settings(), broken=_broken)

    @app.get("/things/{name:path}")
    def thing(name: str) -> dict[str, str]:
        if name == "broken":
            raise RuntimeError("no\n2026-11-22 ERROR forged line\r\nanother\u2028third")
        return {}

    return TestClient(app, base_url="http://127.0.0.1:8000")


def _lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_json_line_parses_and_has_the_trace_id_of_the_answer(
    client: TestClient, capsys: pytest.CaptureFixture[str]
):
    logs.configure("json")
    answer = client.get("/things/a")
    [line] = [json.loads(text) for text in _lines(capsys)]
    assert line["trace_id"] == answer.headers["x-trace-id"]
    expected = {"route": "/things/{name:path}", "method": "GET", "status": 200, "level": "INFO"}
    assert expected.items() <= line.items()
    assert line["milliseconds"] >= 0


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_a_client_sends_makes_no_line_and_is_in_none(
    client: TestClient, capsys: pytest.CaptureFixture[str], form: str
):
    logs.configure(form)
    client.cookies.set("tradelane", SECRET)
    client.get(
        f"/things/a%0d%0aforged?password={SECRET}",
        headers={"authorization": f"Bearer {SECRET}", "user-agent": "a forged"},
    )
    client.get(f"/nothing%0aforged/{SECRET}")
    client.request("FORGED", "/things/a", content=SECRET)
    lines = _lines(capsys)
    assert len(lines) == 3
    assert not any(SECRET in line or "forged" in line.lower() for line in lines)


def test_an_error_is_in_the_log_with_the_trace_id_that_the_client_was_told(
    client: TestClient, capsys: pytest.CaptureFixture[str]
):
    logs.configure("json")
    answer = client.get("/things/broken")
    lines = [json.loads(text) for text in _lines(capsys)]
    [error] = [line for line in lines if line["level"] == "ERROR"]
    assert error["trace_id"] == answer.headers["x-trace-id"]
    assert "RuntimeError" in error["exc_info"]


def test_in_the_plain_form_only_a_traceback_goes_on_and_every_such_line_is_indented(
    client: TestClient, capsys: pytest.CaptureFixture[str]
):
    logs.configure("text")
    answer = client.get("/things/broken")
    lines = _lines(capsys)
    begun = [line for line in lines if not line.startswith("    ")]
    assert len(begun) == 2, "the error and the request"
    assert all(answer.headers["x-trace-id"] in line for line in begun)
    assert any("forged" in line for line in lines if line.startswith("    "))


def test_control_characters_of_a_message_cannot_steer_a_terminal(
    capsys: pytest.CaptureFixture[str],
):
    logs.configure("text")
    logging.getLogger("tradelane.web").warning("a\x1b[2Jb\rc")
    assert "\\x1b[2Jb" in capsys.readouterr().err


def test_settings_do_not_show_their_secrets():
    shown: Any = repr(Settings(metrics_token=SECRET, oidc_client_secret=SECRET))
    assert SECRET not in shown


def test_logs_go_to_standard_error():
    logs.configure("text")
    [handler] = logging.getLogger("tradelane").handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr
