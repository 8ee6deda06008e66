"""What attackers send, and what every answer carries."""

from __future__ import annotations

import gzip
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import pytest
import uvicorn

from tradelane.journeys.demonstration import PASSWORD
from tradelane.web.app import create_app
from tradelane.web.settings import Settings
from tradelane.web.squeeze import masked

EVERY_KIND_OF_ANSWER = (
    ("GET", "/", 200),
    ("GET", "/sign-in", 200),
    ("GET", "/account", 303),
    ("GET", "/nothing-here", 404),
    ("GET", "/static/css/tradelane.css", 200),
    ("GET", "/static/nothing.css", 404),
    ("GET", "/api/v1/nothing", 404),
    ("GET", "/api/v1/cases", 401),
    ("GET", "/api/openapi.json", 200),
    ("DELETE", "/sign-in", 405),
    ("POST", "/sign-in", 403),
    ("GET", "/health/live", 200),
    ("GET", "/broken-for-the-test", 500),
    ("GET", "/api/broken-for-the-test", 500),
)


@pytest.mark.parametrize(("method", "path", "status"), EVERY_KIND_OF_ANSWER)
def test_every_kind_of_answer_carries_the_headers(
    house: Any, method: str, path: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)

    def broken() -> None:
        raise RuntimeError("a secret of the inside")

    for address in ("/broken-for-the-test", "/api/broken-for-the-test"):
        house.app.add_api_route(address, broken, include_in_schema=False)
    answer = house.visitor().request(method, path)
    assert answer.status_code == status
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"]
    assert answer.headers["x-trace-id"]
    assert "a secret of the inside" not in answer.text
    assert "server" not in answer.headers


def test_no_page_has_inline_scripts_styles_or_handlers(house: Any) -> None:
    admin = house.signed_in("admin")
    visitor = house.visitor()
    texts = [visitor.get(p).text for p in ("/", "/sign-in", "/verify", "/accessibility")]
    texts += [admin.get(p).text for p in ("/account", "/people", "/people/new", "/people/1")]
    for text in texts:
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", text)
        assert "<style" not in text
        assert not re.search(r"<script(?![^>]*\ssrc=)", text)


# ---------------------------------------------------------------- forms of others


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1:8001"},
    ],
    ids=str,
)
def test_a_form_from_another_site_is_refused_with_the_right_secret_too(
    house: Any, headers: dict[str, str]
) -> None:
    trader = house.signed_in("trader")
    answer = trader.post("/sign-out", headers=headers)
    assert answer.status_code == 403
    assert trader.get("/account").status_code == 200


@pytest.mark.parametrize("secret", ["", "x", "~", "~AAAA", "é" * 40, masked("x" * 43)])
def test_a_form_without_the_secret_of_the_session_is_refused(house: Any, secret: str) -> None:
    trader = house.signed_in("trader")
    assert trader.client.post("/sign-out", data={"csrf": secret}).status_code == 403
    assert trader.client.post("/sign-out").status_code == 403
    other = house.signed_in("broker").csrf
    assert trader.client.post("/sign-out", data={"csrf": other}).status_code == 403
    assert trader.get("/account").status_code == 200


def test_the_secret_looks_different_in_every_page(house: Any) -> None:
    trader = house.signed_in("trader")
    seen = [trader.get("/account").text for _ in range(2)]
    found = [re.search(r'name="csrf" value="([^"]+)"', text) for text in seen]
    assert found[0]
    assert found[1]
    assert found[0][1] != found[1][1]
    assert all(trader.csrf not in text for text in seen)
    assert trader.client.post("/sign-out", data={"csrf": found[0][1]}).status_code == 303


def test_answers_to_forms_are_never_compressed(house: Any) -> None:
    admin = house.signed_in("admin")
    page = admin.get("/people", headers={"accept-encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in page.headers["vary"].lower()
    plain = admin.get("/people", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    given = {"login": "kim", "name": "Kim", "role": "officer"}
    shown = admin.post("/people/new", given, headers={"accept-encoding": "gzip"})
    assert shown.status_code == 200
    assert "content-encoding" not in shown.headers


# ---------------------------------------------------------------- redirects


@pytest.mark.parametrize(
    "aim",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        " //evil.example",
        "/a\r\nset-cookie: x=y",
        "/a\nlocation: //evil.example",
        "/\u202eevil",
        "evil.example",
        "",
    ],
)
def test_no_redirect_leads_elsewhere_and_no_header_is_put_in(house: Any, aim: str) -> None:
    client = house.visitor()
    page = client.get("/sign-in", params={"return_to": aim})
    secret = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert secret is not None
    assert "evil.example" not in page.text
    answers = [
        client.post("/preferences", data={"csrf": secret[1], "return_to": aim, "locale": "en"}),
        client.post(
            "/sign-in",
            data={
                "csrf": secret[1],
                "login": "trader",
                "password": PASSWORD,
                "return_to": aim,
            },
        ),
    ]
    for answer in answers:
        assert answer.status_code == 303
        assert answer.headers["location"] in ("/", "/declarations")
        assert "x=y" not in str(answer.headers)


def test_cookies_with_nonsense_in_them_change_nothing(house: Any) -> None:
    client = house.visitor()
    cookie = 'tl_locale="\\"><script>"; tl_theme=x" onload="y; tl_flash=<b>; tl_before=short'
    answer = client.get("/", headers={"cookie": cookie})
    assert answer.status_code == 200
    assert "onload" not in answer.text
    assert "<script>" not in answer.text


# ---------------------------------------------------------------- who is it


def test_a_login_that_is_there_takes_as_long_as_one_that_is_not(house: Any) -> None:
    client = house.visitor()
    secret = re.search(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)
    assert secret is not None

    def seconds(login: str) -> float:
        started = time.perf_counter()
        data = {"csrf": secret[1], "login": login, "password": "wrong"}
        assert client.post("/sign-in", data=data).status_code == 422
        return time.perf_counter() - started

    seconds("warm.up")
    there = [seconds(login) for login in ("trader", "officer", "admin")]
    not_there = [seconds(login) for login in ("no.one", "nemo", "nadie")]
    ratio = median(there) / median(not_there)
    assert 0.33 < ratio < 3


# ---------------------------------------------------------------- host, method, size, pace


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1:80@evil", "", "a b", "[::1"]
)
def test_another_host_is_not_answered(house: Any, host: str) -> None:
    answer = house.visitor().get("/sign-in", headers={"host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


@pytest.mark.parametrize("header", ["x-http-method-override", "x-method-override"])
def test_a_method_is_what_was_sent(house: Any, header: str) -> None:
    trader = house.signed_in("trader")
    answer = trader.get("/sign-out", headers={header: "POST"})
    assert answer.status_code == 405
    assert trader.get("/account").status_code == 200
    for method in ("TRACE", "CONNECT", "PROPFIND", "get"):
        assert house.visitor().request(method, "/sign-in").status_code in (200, 405)


def test_a_head_is_answered_like_a_get_or_refused(house: Any) -> None:
    assert house.visitor().head("/account").status_code in (303, 405)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(house: Any) -> None:
    client = house.visitor()
    answer = client.post("/sign-in", content=b"x", headers={"content-length": str(1 << 40)})
    assert answer.status_code == 413

    def more_than_is_taken() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * (1 << 20)

    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post("/sign-in", content=more_than_is_taken(), headers=headers)
    assert answer.status_code in (400, 413)


def test_a_receipt_that_is_too_large_is_refused_with_words(house: Any) -> None:
    trader = house.signed_in("trader")
    answer = trader.post("/verify", {"receipt": "[" + "1" * 400_000})
    assert answer.status_code == 422
    assert "web.receipt_large" in answer.text


def test_what_a_log_line_holds_cannot_make_another(
    house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = house.visitor()
    client.get("/nothing%0d%0aINFO%20forged", headers={"user-agent": "x\ty", "traceparent": "x"})
    page = client.get("/sign-in").text
    secret = re.search(r'name="csrf" value="([^"]+)"', page)
    assert secret is not None
    data = {"csrf": secret[1], "login": "a\r\nINFO forged", "password": "forged secret"}
    client.post("/sign-in", data=data)
    for record in caplog.records:
        if record.name.startswith("tradelane"):
            assert "forged" not in str(vars(record))


def test_the_static_files_are_only_those_that_are_known(house: Any) -> None:
    client = house.visitor()
    for path in ("../app.py", "%2e%2e/app.py", "css/../../app.py", "/etc/passwd", "css", ""):
        assert client.get(f"/static/{path}").status_code in (404, 405)
    address = re.search(r'href="(/static/css/[^"]+)"', client.get("/").text)
    assert address is not None
    file = client.get(address[1], headers={"accept-encoding": "gzip"})
    assert "immutable" in file.headers["cache-control"]
    assert file.headers["content-type"] == "text/css; charset=utf-8"
    assert file.headers["content-encoding"] == "gzip"
    assert len(gzip.compress(file.content, 9)) < len(file.content)
    stale = client.get(address[1].partition("?")[0] + "?v=other")
    assert "immutable" not in stale.headers["cache-control"]
    known = {"if-none-match": file.headers["etag"], "accept-encoding": "gzip"}
    assert client.get(address[1], headers=known).status_code == 304


@pytest.mark.slow
def test_a_body_that_drips_does_not_hold_a_connection(house: Any) -> None:
    app = create_app(house.lane, Settings(body_seconds=0.5))
    config = uvicorn.Config(app, port=0, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    worker = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    worker.start()
    try:
        while not server.started:
            time.sleep(0.02)
        with socket.create_connection(listening.getsockname(), 10) as drip:
            drip.sendall(
                b"POST /sign-in HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n"
                b"content-type: application/x-www-form-urlencoded\r\n\r\nlogin="
            )
            answer = drip.recv(65536)
        assert b" 408 " in answer.split(b"\r\n", 1)[0]
    finally:
        server.should_exit = True
        worker.join(10)
        listening.close()
