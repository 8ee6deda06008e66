"""A ledger with subscriptions, and a receiver on a real port, for the tests of webhooks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tradelane.kit.clock import FixedClock
from tradelane.kit.database import Database, metadata
from tradelane.ledger import Entry, Ledger, LedgerKey
from tradelane.ledger import store as ledger_store
from tradelane.notifications import store as notification_store
from tradelane.notifications.dispatcher import Dispatcher
from tradelane.notifications.feed import Feed
from tradelane.notifications.sender import Answer, Sends, WebhookSender
from tradelane.notifications.service import Notifications
from tradelane.trade.table import subject_of_declaration

TABLES = [
    ledger_store.entries,
    ledger_store.tiles,
    ledger_store.checkpoints,
    ledger_store.head,
    notification_store.subscriptions,
    notification_store.deliveries,
]
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
ORGANISATION = 1
OWNED = {1: frozenset({"D-1", "D/2"}), 2: frozenset({"D-3"})}


class Post:
    """An administration's ledger, its subscriptions and their dispatcher."""

    def __init__(self, url: str, folder: Path) -> None:
        self.clock = FixedClock(START)
        self.database = Database(url)
        metadata.create_all(self.database.engine, tables=TABLES)
        key = LedgerKey.load_or_create(folder, "tradelane")
        self.ledger = Ledger(ledger_store.SqlLedgerStore(), key, self.clock, "tradelane")
        self.feed = Feed(self.ledger)
        self.notifications = Notifications(
            notification_store.SqlNotificationStore(),
            self.clock,
            allow_private=True,
            chance=lambda: 0.0,
        )

    def dispatcher(self, sender: Sends | None = None) -> Dispatcher:
        return Dispatcher(
            self.database,
            self.notifications,
            self.feed,
            sender or WebhookSender(allow_private=True, total_seconds=2.0),
            lambda tx, organisation_id: OWNED.get(organisation_id, frozenset()),
            self.clock,
        )

    def happens(self, kind: str, declarant: str = "D-1", reference: str = "A", **body: Any) -> int:
        """An entry about a declaration; returns its index."""
        subject = subject_of_declaration(declarant, reference)
        entry = Entry("2026-03-01T09:00:00.000000Z", kind, subject, body)

        def write(tx: Any) -> int:
            index = self.ledger.append(tx, [entry])[0]
            self.ledger.checkpoint(tx)
            return index

        return self.database.write(write)

    def publishes(self, about: str, /, **body: Any) -> int:
        """Something is published for everybody; returns the index of its entry."""
        entry = Entry(
            "2026-03-01T09:00:00.000000Z", "governance.published", f"governance/{about}", body
        )
        return self.database.write(lambda tx: self.ledger.append(tx, [entry])[0])

    def do(self, verb: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """A verb in a transaction of its own."""
        return self.database.write(lambda tx: verb(tx, *arguments, **named))

    def subscribe(
        self,
        url: str,
        types: tuple[str, ...] = (),
        organisation: int = ORGANISATION,
        topics: tuple[str, ...] = (),
    ) -> tuple[int, str]:
        """Subscribe from now on; returns the subscription's id and its secret."""
        subscription, secret = self.database.write(
            lambda tx: self.notifications.subscribe(
                tx,
                organisation,
                url,
                types,
                topics,
                created_by=7,
                position=self.feed.newest(tx) + 1,
            )
        )
        return subscription.id, secret

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.clock.at += timedelta(**span)


@dataclass
class FakeSender:
    """Answers from a list (the last one for ever), and keeps what it was given."""

    answers: list[Answer]
    sent: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.sent.append((url, headers, body))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.sent]


@dataclass
class Receiver:
    """A subscriber's server: the requests that it got, and how it answers the next ones."""

    url: str
    statuses: list[int]
    headers: dict[str, str]
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiving(*statuses: int, **headers: str) -> Iterator[Receiver]:
    """A receiver on a free local port that answers with these statuses, then 204."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append((self.path, got, body))
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hook", list(statuses), headers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)
