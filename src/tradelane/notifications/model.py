"""What others may be told of a declaration: ledger entries translated into public events.

The ledger is the outbox: an event's id is the index of its entry, so nothing can be told that did
not happen, and nothing that happened can be lost. `TRANSLATIONS` is an allow-list twice over: of
kinds (scores, lanes and assignments are not among them) and, in each, of single fields of the
entry's body. Whatever a capability adds to a body later stays inside until it is named here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tradelane.kit.canonical import encode
from tradelane.kit.errors import InputRefused, Problem
from tradelane.trade.table import split_subject

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a declaration, as its declarant may know it; or something that
    was published for everybody, which has no declarant.

    id: index of the ledger entry (0, 1, 2 ... with gaps); line: the goods line, None for the whole
    declaration; at: RFC 3339 in UTC; data: plain JSON, amounts as decimal text.
    """

    id: int
    type: str
    declarant: str
    reference: str
    line: int | None
    at: str
    data: Mapping[str, Any]

    @property
    def is_public(self) -> bool:
        """Whether it is about no declaration, and for everybody."""
        return not self.declarant

    def to_dict(self) -> dict[str, Any]:
        """The event as JSON has it, in the shape that Standard Webhooks recommends.

        >>> Event(7, "declaration.released", "D-1", "A/7", None, "2026-01-02T03:04:05.000000Z",
        ...       {"version": 1}).to_dict()["data"]
        {'declarant': 'D-1', 'reference': 'A/7', 'version': 1}
        """
        about: dict[str, Any] = (
            {} if self.is_public else {"declarant": self.declarant, "reference": self.reference}
        )
        if self.line is not None:
            about["line"] = self.line
        return {
            "id": self.id,
            "type": self.type,
            "timestamp": self.at,
            "data": {**about, **self.data},
        }

    def to_server_sent(self) -> bytes:
        """The event in the stream of server-sent events (WHATWG HTML): id, type, JSON.

        >>> print(Event(7, "message.sent", "D-1", "A", None, "2026-01-02T03:04:05.000000Z", {})
        ...       .to_server_sent().decode().splitlines()[:2])
        ['id: 7', 'event: message.sent']
        """
        data = encode(self.to_dict()).decode()  # JSON has no line ends in it
        return f"id: {self.id}\nevent: {self.type}\ndata: {data}\n\n".encode()


# ---------------------------------------------------------------- from the ledger's words


def _pick(body: Body, *names: str) -> dict[str, Any]:
    """The named fields that are text, whole numbers or truth values; nothing nested passes."""
    return {name: body[name] for name in names if isinstance(body.get(name), str | int)}


def _version(body: Body) -> dict[str, Any]:
    return _pick(body, "version")


def _rejected(body: Body) -> dict[str, Any]:
    codes = body.get("codes")
    return {"codes": [c for c in codes if isinstance(c, str)]} if isinstance(codes, list) else {}


def _assessed(body: Body) -> dict[str, Any]:
    """Amounts only: that a person must look at a line would tell its lane."""
    charges = body.get("charges")
    amounts = _pick(body, "hs_code", "currency", "customs_value", "duty", "tax", "other", "total")
    if isinstance(charges, list):
        amounts["charges"] = [
            _pick(charge, "kind", "code", "base", "rate", "amount", "relieved")
            for charge in charges
            if isinstance(charge, Mapping)
        ]
    return amounts


_DECISIONS = frozenset({"release", "inspect", "refer", "hold", "reject"})


def _decided(body: Body) -> dict[str, Any]:
    """What was decided, not by whom, why, or against what recommendation."""
    told = _pick(body, "version", "decision")
    if told.get("decision") not in _DECISIONS:
        told.pop("decision", None)
    return told


def _message(body: Body) -> dict[str, Any]:
    """That there is a message and until when it waits; its words are read behind the sign-in."""
    return _pick(body, "message", "direction", "deadline")


def _published(body: Body) -> dict[str, Any]:
    """What was published and about what; whoever proposed it or agreed is named on no feed."""
    told = _pick(body, "record", "what", "about", "recorded_from")
    for name in ("economies", "domains"):
        words = body.get(name)
        told[name] = [w for w in words if isinstance(w, str)] if isinstance(words, list) else []
    if "record" in told:
        told["path"] = f"/hub/published/{told['record']}"
    return told


@dataclass(frozen=True, slots=True)
class Translation:
    """The public type of a ledger kind, and the function that chooses its public fields.

    ``public``: it is about no declaration, and everybody who asks for the type is told.
    """

    type: str
    choose: Callable[[Body], dict[str, Any]]
    public: bool = False


TRANSLATIONS: Mapping[str, Translation] = {
    "declaration.received": Translation("declaration.received", _version),
    "declaration.rejected": Translation("declaration.rejected", _rejected),
    "declaration.amended": Translation("declaration.amended", _version),
    "declaration.cancelled": Translation("declaration.cancelled", _version),
    "declaration.released": Translation("declaration.released", _version),
    "duty.assessed": Translation("duty.assessed", _assessed),
    "case.opened": Translation("declaration.under_review", _version),
    "case.decided": Translation("declaration.decided", _decided),
    "inspection.found": Translation("declaration.inspected", _version),
    "message.sent": Translation("message.sent", _message),
    "governance.published": Translation("governance.published", _published, public=True),
}
"""Ledger kind to public event. What is not here is never told."""

KINDS = frozenset(TRANSLATIONS)
"""The ledger kinds that become events."""

PUBLIC_KINDS = frozenset(kind for kind, told in TRANSLATIONS.items() if told.public)
"""Those of them that are about no declaration."""

EVENT_TYPES = tuple(sorted({translation.type for translation in TRANSLATIONS.values()}))
"""Every public type."""

_LINE_PARTS, _WHOLE_PARTS = 3, 2


def parts_of(subject: str) -> tuple[str, str, int | None] | None:
    """Declarant, reference and line (None: the whole) of a subject; None for a row of a file.

    Whose a rejected row is cannot be known, so nobody is told of it: the file's sender has
    ``rejected.csv``.

    >>> parts_of("KR-1/A%2F7/2"), parts_of("KR-1/A%2F7"), parts_of("batch/sha256:1/row/7")
    (('KR-1', 'A/7', 2), ('KR-1', 'A/7', None), None)
    """
    parts = subject.split("/")
    if len(parts) == _LINE_PARTS and parts[-1].isdecimal():
        return split_subject(subject)
    if len(parts) == _WHOLE_PARTS:
        declarant, reference, _ = split_subject(f"{subject}/0")
        return declarant, reference, None
    return None


def translate(index: int, entry: Mapping[str, Any]) -> Event | None:
    """The event that a ledger entry (at, body, kind, subject) is, or None if it is not public.

    >>> body = {"lane": "red", "selected_by": "model", "propensity": "0.9"}
    >>> at = "2026-01-02T03:04:05.000000Z"
    >>> translate(1, {"at": at, "kind": "lane.routed", "subject": "D-1/A/1", "body": body})
    >>> translate(2, {"at": at, "kind": "case.opened", "subject": "D-1/A", "body": body}).data
    {}
    """
    translation = TRANSLATIONS.get(entry["kind"])
    if translation is None:
        return None
    about = ("", "", None) if translation.public else parts_of(entry["subject"])
    if about is None:
        return None
    return Event(index, translation.type, *about, entry["at"], translation.choose(entry["body"]))


def read_types(types: object, pointer: str = "/event_types") -> tuple[str, ...]:
    """The event types that a subscription asks for, sorted; every type where it names none.

    Errors: InputRefused ``notifications.event_type``.

    >>> read_types(["message.sent", "duty.assessed", "message.sent"])
    ('duty.assessed', 'message.sent')
    """
    if types is None or types in ([], ()):
        return EVENT_TYPES
    wrong = [
        Problem(
            "notifications.event_type",
            f"There is no event type {str(name)[:60]!r}.",
            pointer=f"{pointer}/{place}",
            hint="The types are: " + ", ".join(EVENT_TYPES) + ".",
        )
        for place, name in enumerate(types if isinstance(types, list | tuple) else [types])
        if name not in EVENT_TYPES
    ]
    if wrong:
        raise InputRefused(wrong)
    names = types if isinstance(types, list | tuple) else [types]
    return tuple(sorted(set(names)))


MOST_TOPICS = 30
_TOPIC = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,39}")


def read_topics(topics: object, pointer: str = "/topics") -> tuple[str, ...]:
    """The economies and domains that a subscription asks for, sorted; () for all.

    Whether there is such an economy or domain is not known here: what does not exist is never told.
    Errors: InputRefused ``notifications.topic``.

    >>> read_topics(["transparency", "KR", "KR"]), read_topics(None)
    (('KR', 'transparency'), ())
    """
    if topics is None:
        return ()
    names = topics if isinstance(topics, list | tuple) else [topics]
    wrong = [one for one in names if not isinstance(one, str) or not _TOPIC.fullmatch(one)]
    if wrong or len(names) > MOST_TOPICS:
        raise InputRefused(
            Problem(
                "notifications.topic",
                "A topic is the code of an economy or forum, or the name of a domain.",
                pointer=pointer,
                hint=f"Like KR or transparency; {MOST_TOPICS} at most.",
            )
        )
    return tuple(sorted(set(names)))


# ---------------------------------------------------------------- subscriptions and deliveries


@dataclass(frozen=True, slots=True)
class Subscription:
    """An address that an organisation wants its events sent to. Holds no secret.

    topics: economies and domains of public events that it is told of, () for all of them.
    position: the next ledger index to look at. paused: "" or why: ``asked`` by its owner,
    ``failing`` for three days. failing_since, created_at, last_at: RFC 3339 stamps.
    """

    id: int
    organisation_id: int
    url: str
    event_types: tuple[str, ...]
    created_at: str
    created_by: int
    paused: str
    position: int
    failing_since: str | None = None
    last_at: str | None = None
    last_status: int | None = None
    last_error: str = ""
    old_secret_until: str | None = None
    topics: tuple[str, ...] = ()

    def wants(self, event: Event) -> bool:
        """Whether it asked for such an event; whose it is the caller looks at.

        Several topics are either: of this economy, or of that domain.
        """
        if event.type not in self.event_types:
            return False
        if not event.is_public or not self.topics:
            return True
        about = {*event.data.get("economies", ()), *event.data.get("domains", ())}
        return not about.isdisjoint(self.topics)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one subscription.

    state: ``pending``, ``delivered`` or ``given_up``; attempts: made so far; last_status: the
    HTTP status of the last one, None where there was no answer (then last_error says why).
    """

    id: int
    subscription_id: int
    event_id: int
    event_type: str
    state: str
    attempts: int
    next_attempt_at: str | None
    created_at: str
    last_status: int | None = None
    last_error: str = ""
    delivered_at: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What a subscription's webhooks are signed with; the old one until its stamp."""

    current: str
    old: str | None = None
    old_until: str | None = None

    def valid(self, now: str) -> tuple[str, ...]:
        """The secrets to sign with at the stamp ``now``, newest first."""
        if self.old is not None and self.old_until is not None and now < self.old_until:
            return (self.current, self.old)
        return (self.current,)
