"""Webhooks over real connections: endpoints that fail, drip, redirect or lie about their address,
and a sender that is killed."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tradelane.notifications import sender as sending
from tradelane.notifications import signing
from tradelane.notifications.retries import MAX_ATTEMPTS, WAITS
from tradelane.notifications.sender import Answer, WebhookSender
from webhooks import ORGANISATION, FakeSender, Post, receiving


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    found = Post(f"sqlite:///{tmp_path / 'a.db'}", tmp_path)
    yield found
    found.database.close()


def test_an_endpoint_that_fails_twice_gets_the_event_at_the_third_attempt(post: Post):
    dispatcher = post.dispatcher()
    with receiving(500, 503) as receiver:
        _, secret = post.subscribe(receiver.url)
        index = post.happens("declaration.released", version=1)
        attempts = []
        for wait in (0, 9, 1, 59, 1, 3600):
            post.later(seconds=wait)
            dispatcher.dispatch_once()
            attempts.append(len(receiver.requests))
    assert attempts == [1, 1, 2, 2, 3, 3]
    for path, headers, body in receiver.requests:
        assert path == "/hook"
        assert headers["webhook-id"] == f"evt_{index}"
        at = post.clock.at.fromtimestamp(int(headers["webhook-timestamp"]), post.clock.at.tzinfo)
        signing.verify(secret, headers, body, at)
    assert len({body for _, _, body in receiver.requests}) == 1
    assert json.loads(receiver.requests[0][2])["type"] == "declaration.released"


def test_the_request_carries_nothing_internal_and_no_proxy_is_asked(
    post: Post, monkeypatch: pytest.MonkeyPatch
):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with receiving() as receiver:
        post.subscribe(receiver.url)
        post.happens("declaration.released")
        assert post.dispatcher().dispatch_once().delivered == 1
    [(_, headers, _)] = receiver.requests
    assert set(headers) == {
        "host",
        "connection",
        "content-type",
        "content-length",
        "user-agent",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }
    assert headers["user-agent"] == "Tradelane-Webhooks"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int):
    with receiving() as inside, receiving(status, location=inside.url) as receiver:
        answer = WebhookSender(allow_private=True).send(receiver.url, {}, b"{}")
        assert answer == Answer(status)
        assert len(receiver.requests) == 1
        assert inside.requests == []


def test_an_event_is_given_up_after_the_last_wait(post: Post):
    subscription, _ = post.subscribe("https://hooks.example.com/")
    post.happens("declaration.released")
    sender = FakeSender([Answer(500)])
    dispatcher = post.dispatcher(sender)
    for wait in WAITS:
        dispatcher.dispatch_once()
        post.later(seconds=wait.total_seconds())
    dispatcher.dispatch_once()
    assert len(sender.sent) == MAX_ATTEMPTS == 9
    post.later(days=10)
    assert dispatcher.dispatch_once().failed == 0
    [ended] = post.do(post.notifications.deliveries, ORGANISATION, subscription)
    assert (ended.state, ended.attempts, ended.last_status) == ("given_up", 9, 500)


def test_an_endpoint_that_is_gone_costs_one_attempt_and_not_one_an_event(post: Post):
    post.subscribe("https://hooks.example.com/")
    for n in range(4):
        post.happens("declaration.released", reference=str(n))
    sender = FakeSender([Answer(None, "gone")])
    report = post.dispatcher(sender).dispatch_once()
    assert (report.enqueued, report.failed, len(sender.sent)) == (4, 1, 1)
    sender.answers[:] = [Answer(204)]
    post.later(seconds=10)
    assert post.dispatcher(sender).dispatch_once().delivered == 4


def test_one_slow_or_broken_subscriber_keeps_nobody_else_waiting(post: Post):
    with receiving() as good, receiving(*[500] * 10) as bad:
        post.subscribe(bad.url)
        post.subscribe(good.url)
        for n in range(3):
            post.happens("declaration.released", reference=str(n))
        report = post.dispatcher().dispatch_once()
    assert (report.delivered, report.failed) == (3, 3)


class Killed(BaseException):
    """The end of a process, where nothing after it runs."""


def test_killed_between_sending_and_recording_it_is_sent_again_with_the_same_id(post: Post):
    post.subscribe("https://hooks.example.com/")
    post.happens("declaration.released")

    class Dies(FakeSender):
        def send(self, url: str, headers: Any, body: bytes) -> Answer:
            super().send(url, headers, body)
            raise Killed

    dying, after = Dies([Answer(204)]), FakeSender([Answer(204)])
    with pytest.raises(Killed):
        post.dispatcher(dying).dispatch_once()
    assert post.dispatcher(after).dispatch_once().delivered == 0  # the dead one's lease holds yet
    post.later(seconds=60)
    assert post.dispatcher(after).dispatch_once().delivered == 1
    assert dying.ids == after.ids
    assert dying.sent[0][2] == after.sent[0][2]
    post.later(days=1)
    assert post.dispatcher(after).dispatch_once().delivered == 0


# ---------------------------------------------------------------- names that lie


class Connections:
    """Stands for the network: keeps where it was connected to, and refuses."""

    def __init__(self) -> None:
        self.made: list[tuple[str, int]] = []

    def connect_tcp(self, host: str, port: int, *_: Any) -> httpcore.NetworkStream:
        self.made.append((host, port))
        raise httpcore.ConnectError("refused")


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    found = Connections()
    monkeypatch.setattr(sending.httpcore, "SyncBackend", lambda: found)
    return found


def test_a_name_that_answers_otherwise_the_second_time_is_never_asked_again(
    connections: Connections,
):
    answers = iter([["9.9.9.9"], ["127.0.0.1"], ["127.0.0.1"]])
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    sender = WebhookSender(resolver=rebinding)
    assert not sender.send("https://rebind.example.com/", {}, b"{}").reached
    assert asked == ["rebind.example.com"]
    assert connections.made == [("9.9.9.9", 443)]
    refused = sender.send("https://rebind.example.com/", {}, b"{}")
    assert "not public" in refused.error
    assert connections.made == [("9.9.9.9", 443)]


def test_the_next_of_several_addresses_is_tried(connections: Connections):
    both = ["9.9.9.9", "2620:fe::fe"]
    answer = WebhookSender(resolver=lambda host, port: both).send(
        "https://hooks.example.com:8443/", {}, b"{}"
    )
    assert connections.made == [("9.9.9.9", 8443), ("2620:fe::fe", 8443)]
    assert answer == Answer(None, "It could not be connected to: refused.")


def test_the_connection_goes_to_the_address_and_the_host_header_keeps_the_name():
    with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        sender = WebhookSender(allow_private=True, resolver=lambda host, port: ["127.0.0.1"])
        assert sender.send(f"http://hooks.example.com:{port}/x?y=z", {}, b"{}") == Answer(204)
    [(path, headers, _)] = receiver.requests
    assert (path, headers["host"]) == ("/x?y=z", f"hooks.example.com:{port}")


def test_a_name_without_an_address_is_an_answer_and_no_error():
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    answer = WebhookSender(resolver=unknown).send("https://nowhere.example.com/", {}, b"{}")
    assert answer == Answer(None, "The name nowhere.example.com has no address.")


# ---------------------------------------------------------------- certificates


def certificate(folder: Path, name: str) -> Path:
    """A certificate for ``name`` that signs itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + made.public_bytes(Encoding.PEM)
    )
    return path


def test_over_tls_the_name_is_asked_for_and_checked_at_the_address_that_was_checked(
    tmp_path: Path,
):
    pem = certificate(tmp_path, "hooks.example.com")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            asking = b""
            # Closed with something unread, the connection would lose the answer.
            while b"{}" not in asking and (more := secured.recv(4096)):
                asking += more
            secured.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    def send(name: str, trusted: ssl.SSLContext | None) -> Answer:
        with raw_server(serve) as port:
            sender = WebhookSender(
                allow_private=True, resolver=lambda host, port: ["127.0.0.1"], ssl_context=trusted
            )
            return sender.send(f"https://{name}:{port}/", {}, b"{}")

    trusting = ssl.create_default_context(cafile=str(pem))
    assert send("hooks.example.com", trusting) == Answer(204)
    assert not send("other.example.com", trusting).reached
    untrusted = send("hooks.example.com", None)
    assert not untrusted.reached
    assert untrusted.error.startswith("Its certificate is not valid: ")
    assert asked == ["hooks.example.com", "other.example.com", "hooks.example.com"]


# ---------------------------------------------------------------- servers that misbehave


@contextmanager
def raw_server(serve: Any) -> Iterator[int]:
    """A server that does ``serve(connection)`` with its one connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(30)

    def run() -> None:
        connection, _ = listener.accept()
        connection.settimeout(30)
        with connection:
            try:
                serve(connection)
            except OSError:
                return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(60)
        listener.close()


def quick(url: str, **limits: float) -> tuple[Answer, float]:
    started = time.monotonic()
    sender = WebhookSender(allow_private=True, **limits)
    return sender.send(url, {}, b"{}"), time.monotonic() - started


def test_an_answer_that_comes_drop_by_drop_meets_one_deadline():
    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"a" * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    with raw_server(drip) as port:
        answer, seconds = quick(f"http://127.0.0.1:{port}/", total_seconds=0.5)
    assert answer == Answer(None, "No answer within 0.5 s.")
    assert seconds < 1.5


def test_an_endless_answer_is_read_a_little_and_its_status_counts():
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        while sent < 200_000_000:
            sent += connection.send(b"a" * 65536)

    with raw_server(flood) as port:
        answer, _ = quick(f"http://127.0.0.1:{port}/")
    assert answer == Answer(200)
    assert sent < 20_000_000


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 nonsense\r\n\r\n"])
def test_what_does_not_speak_http_is_an_answer_and_no_error(said: bytes):
    def speak(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(said)

    with raw_server(speak) as port:
        answer, _ = quick(f"http://127.0.0.1:{port}/")
    assert not answer.reached
    assert answer.error.startswith("The connection failed: ")


def test_a_server_without_tls_is_an_answer_and_no_error():
    def speak(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw_server(speak) as port:
        answer, _ = quick(f"https://127.0.0.1:{port}/")
    assert not answer.reached


def test_the_loop_ends_when_it_is_told_to_and_survives_a_failing_round(post: Post, caplog: Any):
    stop = threading.Event()
    dispatcher = post.dispatcher(FakeSender([Answer(204)]))
    rounds = 0

    def fails_once() -> Any:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise OSError("the database is gone")
        stop.set()
        return type(dispatcher).dispatch_once(dispatcher)

    dispatcher.dispatch_once = fails_once  # type: ignore[method-assign]
    dispatcher.run_forever(stop, every_seconds=0.01)
    assert rounds == 2
    assert "a round of webhooks failed" in caplog.text
