"""What officers and declarants do to a declaration after it was routed.

Each verb is one transaction over the case, the declaration, the messages and the ledger: either
all of them know of it or none does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tradelane.correspondence.model import Direction, Kind, Message, NewMessage
from tradelane.declarations.model import Change, State, Verb
from tradelane.inspections.findings import Finding
from tradelane.inspections.model import Case, Decision, Step
from tradelane.journeys import entries
from tradelane.journeys.entries import Encoded
from tradelane.journeys.workshop import Workshop
from tradelane.kit.canonical import digest
from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused, Problem
from tradelane.ledger.model import Stored
from tradelane.trade.table import subject_of_declaration


@dataclass(frozen=True, slots=True)
class Officer:
    """Who acts: the account's number, and the login that the ledger names."""

    id: int
    login: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an officer decides, having seen the case as it was at ``revision``.

    ``message`` to the declarant and its ``deadline`` go with a referral. ``opened_page``: whether
    the officer had the case's page open, which tells habit from judgement; ``read_seconds``: for
    how long, None where that is not known.
    """

    decision: Decision
    revision: int
    reason: str = ""
    message: str = ""
    deadline: dt.date | None = None
    opened_page: bool = True
    read_seconds: int | None = None


_VERBS = {
    Decision.RELEASE: Verb.RELEASE,
    Decision.INSPECT: Verb.INSPECT,
    Decision.REFER: Verb.REFER,
    Decision.HOLD: Verb.HOLD,
    Decision.REJECT: Verb.REJECT,
}


def decide(shop: Workshop, case_id: int, ruling: Ruling, officer: Officer) -> Step:
    """Decide a case. Errors: those of `decide_within`."""
    return shop.database.write(lambda tx: decide_within(shop, tx, case_id, ruling, officer))


def decide_within(shop: Workshop, tx: Any, case_id: int, ruling: Ruling, officer: Officer) -> Step:
    """Decide a case in a transaction of the caller's.

    Errors: those of `Inspections.decide` (not found, changed, reason missing, transition) and
    ``casework.message_missing`` for a referral that asks nothing.
    """
    if ruling.decision is Decision.REFER and not ruling.message.strip():
        raise InputRefused(
            Problem(
                "casework.message_missing",
                "A referral needs a message that says what the declarant should do.",
                pointer="/message",
                hint="Say which document or explanation you need.",
            )
        )

    case = shop.inspections.get(tx, case_id)
    seen = _last_seen(shop, tx, case)
    step = shop.inspections.decide(
        tx,
        case_id,
        ruling.decision,
        by=officer.id,
        login=officer.login,
        revision=ruling.revision,
        reason=ruling.reason,
        opened_page=ruling.opened_page,
        read_seconds=ruling.read_seconds,
        deadline=ruling.deadline,
    )
    _advance(shop, tx, case, _VERBS[ruling.decision], ruling.reason)
    body = {**_of_step(case, step), "recommendation": str(case.recommendation), "seen": seen}
    events = [_entry(case, entries.CASE_DECIDED, step.at, body)]
    if ruling.decision is Decision.RELEASE:
        released = {
            "by": officer.login,
            "under": f"case/{case.id}",
            "version": case.version,
        }
        events.append(_entry(case, entries.RELEASED, step.at, released))
    if ruling.message.strip():
        events.append(_send(shop, tx, case, ruling, officer))
    shop.ledger.record(tx, events)
    return step


def record_findings(
    shop: Workshop, case_id: int, findings: Sequence[Finding], revision: int, officer: Officer
) -> Step:
    """Keep what an inspection found. Errors: those of `record_findings_within`."""
    return shop.database.write(
        lambda tx: record_findings_within(shop, tx, case_id, findings, revision, officer)
    )


def record_findings_within(
    shop: Workshop,
    tx: Any,
    case_id: int,
    findings: Sequence[Finding],
    revision: int,
    officer: Officer,
) -> Step:
    """The same in a transaction of the caller's. From this moment on it is a label. Errors: those
    of `Inspections.record_findings`."""
    case = shop.inspections.get(tx, case_id)
    step = shop.inspections.record_findings(
        tx, case_id, findings, by=officer.id, login=officer.login, revision=revision
    )
    evidence = [item.digest for item in shop.inspections.evidence(tx, case_id)]
    body = {
        "case": case.id,
        "version": case.version,
        "officer": officer.login,
        "findings": [finding.to_dict() for finding in findings],
        "evidence": evidence,
    }
    shop.ledger.record(tx, [_entry(case, entries.INSPECTION_FOUND, step.at, body)])
    return step


def assign(shop: Workshop, case_ids: Sequence[int], to: Officer | None, by: Officer) -> None:
    """Give cases to an officer (None: to nobody); what is so already is passed over. Errors: those
    of `Inspections.assign`."""

    def write(tx: Any) -> None:
        now = stamp(shop.clock.now())
        events = []
        for change in shop.inspections.assign(tx, case_ids, None if to is None else to.id, by.id):
            body = {
                "case": change.case.id,
                "to": None if to is None else to.login,
                "by": by.login,
            }
            events.append(_entry(change.case, entries.CASE_ASSIGNED, now, body))
        shop.ledger.record(tx, events)

    shop.database.write(write)


def answer(
    shop: Workshop, question: int, text: str, declarants: frozenset[str], author: Officer
) -> Message:
    """A declarant answers a message about a declaration of theirs. ``author`` is the declarant's
    account. Errors: those of `Correspondence.answer`; what is not theirs is not found."""

    def write(tx: Any) -> Message:
        found = shop.correspondence.answer(
            tx, question, text, declarants=declarants, author_id=author.id, author_name=author.login
        )
        subject = subject_of_declaration(found.declarant, found.reference)
        body = {"message": found.id, "answers": question, "text": digest(found.text.encode())}
        event = entries.entry(found.sent_at, entries.MESSAGE_ANSWERED, subject, body)
        shop.ledger.record(tx, [event])
        return found

    return shop.database.write(write)


def withdraw(shop: Workshop, declarant: str, reference: str, reason: str) -> Change:
    """A declarant takes a declaration back before its release, and its open case ends.

    Errors: those of `Declarations.cancel` (not found, released, under inspection, no reason).
    """

    def write(tx: Any) -> Change:
        change = shop.declarations.cancel(tx, declarant, reference, reason)
        shop.inspections.withdraw(tx, declarant, reference, change.version, reason)
        data = change.to_dict()
        body = {name: data[name] for name in ("version", "before", "after", "reason")}
        subject = subject_of_declaration(declarant, reference)
        shop.ledger.record(tx, [entries.entry(change.at, entries.CANCELLED, subject, body)])
        return change

    return shop.database.write(write)


# ---------------------------------------------------------------- what the verbs share


def _advance(shop: Workshop, tx: Any, case: Case, verb: Verb, reason: str) -> None:
    """Take the declaration along; a second referral or hold leaves it where it is: held."""
    key = (case.declarant, case.reference)
    state = shop.declarations.known(tx, [key])[key].status
    if state is State.HELD and verb in (Verb.REFER, Verb.HOLD):
        return
    shop.declarations.advance_many(tx, [key], verb, reason)


def _send(shop: Workshop, tx: Any, case: Case, ruling: Ruling, officer: Officer) -> Encoded:
    message = shop.correspondence.send(
        tx,
        NewMessage(
            declarant=case.declarant,
            reference=case.reference,
            case_id=case.id,
            office=case.office,
            direction=Direction.TO_DECLARANT,
            kind=Kind.DOCUMENT_REQUEST if ruling.deadline else Kind.QUESTION,
            text=ruling.message,
            deadline=ruling.deadline,
            author_id=officer.id,
            author_name=officer.login,
        ),
    )
    body = {
        "message": message.id,
        "case": case.id,
        "deadline": ruling.deadline.isoformat() if ruling.deadline else None,
        "text": digest(message.text.encode()),
        "officer": officer.login,
    }
    return _entry(case, entries.MESSAGE_SENT, message.sent_at, body)


def _of_step(case: Case, step: Step) -> dict[str, Any]:
    return {
        "case": case.id,
        "version": case.version,
        "decision": str(step.decision),
        "before": str(step.before),
        "after": str(step.after),
        "against_recommendation": step.against_recommendation,
        "opened_page": step.opened_page,
        "reason": step.reason,
        "officer": step.login,
    }


def _last_seen(shop: Workshop, tx: Any, case: Case) -> int:
    """The last entry about the declaration before this one: what could be known."""
    subject = subject_of_declaration(case.declarant, case.reference)
    found: list[Stored] = shop.ledger.find(tx, subject)
    return found[-1].index if found else -1


def _entry(case: Case, kind: str, at: str, body: dict[str, Any]) -> Encoded:
    return entries.entry(at, kind, subject_of_declaration(case.declarant, case.reference), body)
