"""Changes to the corpus by two persons: a contact point proposes, a second person agrees.

What is agreed to is kept as a published record in the same transaction, with one ledger entry; the
corpus that is served has it from that moment, and ``known_at`` an earlier day does not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tradelane.accounts.model import Principal
from tradelane.accounts.service import Accounts
from tradelane.approvals.model import Proposal
from tradelane.contributions.model import Record, RecordKind
from tradelane.contributions.service import Contributions
from tradelane.governance import amendments
from tradelane.governance.amendments import FIELDS, SOURCE_FIELDS, Amendment
from tradelane.governance.cases import next_case_id
from tradelane.governance.corpus import Corpus
from tradelane.governance.service import Governance
from tradelane.journeys import approving, entries
from tradelane.journeys.corpus_now import source_id
from tradelane.journeys.workshop import Workshop
from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.kit.plaintext import clean_line

KIND = "governance"
"""What proposals about the corpus are called in `approvals`."""
LONGEST_CELL = 2000
_DRAFT_SOURCE = "OWN-SOURCE"
"""What a proposal's own source is called until it has a number."""


class Hub(Workshop, Protocol):
    """A workshop with the corpus and what people contribute to it."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def contributions(self) -> Contributions: ...
    @property
    def governance(self) -> Governance: ...


@dataclass(frozen=True, slots=True)
class Change:
    """A change as somebody wants it: read and settled.

    kind: provision, state or case; about: the id of what it corrects, "" for something new, the
    instrument's id for a state; instrument: "" for a case; based_on: digest of what is published
    now.
    """

    kind: str
    about: str
    instrument: str
    values: Mapping[str, str]
    source: Mapping[str, str] | None
    based_on: str

    @property
    def subject(self) -> str:
        """What its proposal is about."""
        return f"{KIND}/{self.about or self.instrument or self.values['economy']}"

    def content(self) -> dict[str, Any]:
        """As a proposal keeps it."""
        return {
            "kind": self.kind,
            "about": self.about,
            "instrument": self.instrument,
            "values": dict(self.values),
            "source": None if self.source is None else dict(self.source),
            "based_on": self.based_on,
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """A proposal with what it would change. ``rows``: field, what is published, what is proposed.

    outdated: what is published is no longer what it was based on. rivals: the other open
    proposals about the same.
    """

    proposal: Proposal
    change: Change
    rows: list[tuple[str, str, str]]
    outdated: bool
    rivals: list[Proposal]


# ---------------------------------------------------------------- reading what is wanted


def read_change(corpus: Corpus, kind: str, about: str, given: Mapping[str, str]) -> Change:
    """A change from the fields of a form; what is wrong stands at its field.

    given: cells of the row, and those of a source of its own as ``source_kind``, ``source_title``
    ... Errors: InputRefused with the corpus reader's codes, ``contributions.no_source``,
    ``contributions.same``, ``contributions.too_long``.
    """
    values = {name: clean_line(given.get(name, "")) for name in FIELDS[kind]}
    own = {name: clean_line(given.get(f"source_{name}", "")) for name in SOURCE_FIELDS}
    source = own if own["title"] else None
    problems = [
        Problem(
            "contributions.too_long",
            f"This has {len(value)} characters; {LONGEST_CELL} are the most.",
            pointer=f"/{name}",
            hint="Say it more shortly: the corpus restates, it does not copy.",
        )
        for name, value in values.items()
        if len(value) > LONGEST_CELL
    ]
    if source is None and not values["source"]:
        problems.append(
            Problem(
                "contributions.no_source",
                "There is no source.",
                pointer="/source_title",
                hint="Name a source of the corpus by its id, or describe where you read it.",
            )
        )
    instrument = values.get("instrument", "").upper()
    if kind == RecordKind.CASE:
        values["economy"] = values["economy"].upper()
        about = about if about in corpus.cases else ""
    else:
        values["instrument"] = instrument
    if kind == RecordKind.PROVISION and about:
        found = corpus.get_provision(about)
        about, instrument = found.id, found.instrument
        values["instrument"] = instrument
    elif kind == RecordKind.STATE:
        about = instrument
    made = about or _new_id(corpus, kind, instrument, values)
    draft = Amendment(kind, made, values, source, _DRAFT_SOURCE, dt.date.min)
    try:
        settled = amendments.settle(corpus, draft)
    except InputRefused as error:
        said = {one.code for one in problems}
        problems += [
            one
            for one in error.problems
            if one.code != "governance.missing_source" or "contributions.no_source" not in said
        ]
    if problems:
        raise InputRefused(problems)
    based_on = amendments.digest_now(corpus, kind, about) if about else ""
    change = Change(kind, about, instrument, settled.values, source, based_on)
    if about and kind != RecordKind.STATE and not rows_of(corpus, change):
        raise InputRefused(
            Problem(
                "contributions.same",
                "This is what is published already.",
                hint="Change something first.",
            )
        )
    return change


def _new_id(corpus: Corpus, kind: str, instrument: str, values: Mapping[str, str]) -> str:
    if kind == RecordKind.CASE:
        return next_case_id(set(corpus.cases), values["economy"])
    return amendments.next_id(corpus, instrument) if instrument in corpus.instruments else ""


def rows_of(corpus: Corpus, change: Change) -> list[tuple[str, str, str]]:
    """What differs against what is published: field, now, then. A source of its own comes last."""
    before = amendments.values_now(corpus, change.kind, change.about)
    rows = amendments.difference(before, change.values)
    if change.source is not None:
        rows += [(f"source_{name}", "", value) for name, value in change.source.items() if value]
    return rows


def title_of(corpus: Corpus, change: Change) -> str:
    """What a change is called in a list."""
    if change.kind == RecordKind.STATE:
        return f"{change.instrument}: {change.values['state']} ({change.values['from']})"
    if change.kind == RecordKind.CASE:
        return f"{change.about or change.values['economy']}: {change.values['title']}"
    return f"{change.about or change.instrument}: {change.values['statement']}"


def change_of(proposal: Proposal) -> Change:
    """The change that a proposal keeps."""
    return Change(**proposal.content)


# ---------------------------------------------------------------- two persons


def propose(shop: Hub, change: Change, by: Principal, reason: str, seen: int = 0) -> Proposal:
    """Propose a change. ``seen``: the number of the newest open proposal about the same that the
    proposer was shown.

    Errors: TradelaneError ``contributions.no_economy``, ``contributions.other_economy``,
    ``contributions.rival`` (there is an open proposal about the same that they have not seen);
    InputRefused ``approvals.reason_missing``.
    """
    corpus = shop.governance.corpus
    expect_own(corpus, change, by)

    def write(tx: Any) -> Proposal:
        known = rivals(shop, tx, change)
        unseen = [one for one in known if one.id > seen and one.content != change.content()]
        if unseen:
            raise TradelaneError(
                Problem(
                    "contributions.rival",
                    f"{unseen[-1].proposed_by} has proposed another change of this already.",
                    hint="Read it below. If yours is still wanted, propose it again: the reviewer "
                    "is shown both.",
                )
            )
        return approving.propose(
            shop, tx, KIND, change.subject, change.content(), by.login, clean_line(reason)
        )

    return shop.database.write(write)


def rivals(shop: Hub, tx: Any, change: Change, but: int = 0) -> list[Proposal]:
    """The open proposals about the same provision or the same instrument's states, oldest first.

    A new provision contradicts none: it stands beside the others.
    """
    if not change.about:
        return []
    return [
        one
        for one in shop.approvals.open_proposals(tx, KIND)
        if one.subject == change.subject and one.content["kind"] == change.kind and one.id != but
    ]


def show(shop: Hub, tx: Any, proposal_id: int) -> Shown:
    """A proposal with what it would change; raises TradelaneError ``approvals.unknown``."""
    found = get_proposal(shop, tx, proposal_id)
    change = change_of(found)
    corpus = shop.governance.corpus
    return Shown(
        found,
        change,
        rows_of(corpus, change),
        found.is_open and _outdated(corpus, change),
        rivals(shop, tx, change, found.id) if found.is_open else [],
    )


def get_proposal(shop: Hub, tx: Any, proposal_id: int) -> Proposal:
    """The proposal about the corpus; raises TradelaneError ``approvals.unknown``."""
    found = shop.approvals.get(tx, proposal_id)
    if found.kind != KIND:
        raise TradelaneError(
            Problem("approvals.unknown", f"There is no proposal {proposal_id} about the corpus.")
        )
    return found


def agree(shop: Hub, proposal_id: int, by: str, digest: str) -> Record:
    """Agree to a proposal, named by the digest that was seen, and publish it. Both or neither.

    Errors: those of `Approvals.agree`; ``contributions.outdated``; InputRefused with the corpus
    reader's codes where it no longer fits.
    """
    with shop.database.read() as tx:
        revision = shop.contributions.revision(tx)
    corpus = shop.governance.corpus

    def write(tx: Any) -> Record:
        found = get_proposal(shop, tx, proposal_id)
        change = change_of(found)
        approving.agree(shop, tx, proposal_id, by, digest)
        # The entry above has taken the ledger's lock: who comes second sees what the first one did.
        if _outdated(corpus, change) or _published_since(shop, tx, change, revision):
            raise TradelaneError(
                Problem(
                    "contributions.outdated",
                    "What is published has changed since this was proposed.",
                    hint="Decline it, and ask for a new proposal of what is still wanted.",
                )
            )
        about = change.about or _free_id(shop, tx, corpus, change)
        amendments.settle(
            corpus,
            Amendment(
                change.kind,
                about,
                change.values,
                change.source,
                source_id(found.id),
                shop.clock.now().date(),
            ),
        )
        return _publish(shop, tx, corpus, change, found, about, by)

    return shop.database.write(write)


def decline(shop: Hub, proposal_id: int, by: str, remark: str) -> Proposal:
    """A second person says no, and why. Errors: those of `Approvals.decline`."""

    def write(tx: Any) -> Proposal:
        get_proposal(shop, tx, proposal_id)
        return approving.decline(shop, tx, proposal_id, by, remark)

    return shop.database.write(write)


def withdraw(shop: Hub, proposal_id: int, by: str) -> Proposal:
    """Whoever proposed it takes it back. Errors: those of `Approvals.withdraw`."""

    def write(tx: Any) -> Proposal:
        get_proposal(shop, tx, proposal_id)
        return approving.withdraw(shop, tx, proposal_id, by)

    return shop.database.write(write)


def _outdated(corpus: Corpus, change: Change) -> bool:
    return bool(change.about) and change.based_on != amendments.digest_now(
        corpus, change.kind, change.about
    )


def _published_since(shop: Hub, tx: Any, change: Change, revision: int) -> bool:
    return bool(change.about) and any(
        one.about == change.about and one.id > revision
        for one in shop.contributions.all_of(tx, RecordKind(change.kind))
    )


def _free_id(shop: Hub, tx: Any, corpus: Corpus, change: Change) -> str:
    """The next id; what was published in this very moment by another process counts too."""
    taken = {one.about for one in shop.contributions.all_of(tx, RecordKind(change.kind))}
    if change.kind == RecordKind.CASE:
        return next_case_id(taken | set(corpus.cases), change.values["economy"])
    instrument = change.instrument
    numbers = [int(one.rpartition(".")[2]) for one in taken if one.rpartition(".")[0] == instrument]
    number = int(amendments.next_id(corpus, instrument).rpartition(".")[2])
    return f"{instrument}.{max([number, *(one + 1 for one in numbers)])}"


def expect_own(corpus: Corpus, change: Change, by: Principal) -> None:
    """Raise ``contributions.no_economy`` or ``contributions.other_economy`` where somebody does not
    speak for the economy that a change is about."""
    if not by.economy:
        raise TradelaneError(
            Problem(
                "contributions.no_economy",
                "Your organisation is not the contact point of an economy.",
                hint="An administrator can say on the organisation's page which economy it "
                "speaks for.",
            )
        )
    allowed = {by.economy, *(e.id for e in corpus.entities.values() if e.within == by.economy)}
    if allowed.isdisjoint(_entities(corpus, change)):
        raise TradelaneError(
            Problem(
                "contributions.other_economy",
                f"This is not about {by.economy}, and you speak for {by.economy} alone.",
                hint="A contact point proposes changes for its own economy.",
            )
        )


def _entities(corpus: Corpus, change: Change) -> tuple[str, ...]:
    if change.kind == RecordKind.CASE:
        return (change.values["economy"],)
    return corpus.instruments[change.instrument].entities


# ---------------------------------------------------------------- publishing


def _publish(
    shop: Hub, tx: Any, corpus: Corpus, change: Change, found: Proposal, about: str, by: str
) -> Record:
    """Keep what was agreed to as a record, with its entry in the ledger."""
    economies = economies_of(corpus, _entities(corpus, change))
    record = shop.contributions.publish(
        tx,
        RecordKind(change.kind),
        about,
        {
            "values": dict(change.values),
            "source": None if change.source is None else dict(change.source),
            "before": amendments.values_now(corpus, change.kind, change.about),
        },
        replaces=change.based_on,
        economies=economies,
        domains=_domains(corpus, change),
        title=f"{about}: {title_of(corpus, change).partition(': ')[2]}"[:300],
        reason=found.reason,
        proposal=found.id,
        organisation=_organisation(shop, tx, found.proposed_by),
        proposed_by=found.proposed_by,
        agreed_by=by,
    )
    body = {
        "record": record.id,
        "what": change.kind,
        "about": about,
        "economies": list(economies),
        "domains": list(record.domains),
        "recorded_from": record.recorded_from.isoformat(),
        "replaces": change.based_on,
        "proposal": found.id,
        "digest": found.digest,
        "reason": found.reason,
        "by": found.proposed_by,
        "agreed_by": by,
    }
    at = stamp(shop.clock.now())
    shop.ledger.record(tx, [entries.entry(at, entries.PUBLISHED, f"{KIND}/{about}", body)])
    return record


def _domains(corpus: Corpus, change: Change) -> tuple[str, ...]:
    """The domains whose followers are told: the provision's, or all of what it touches."""
    if change.kind == RecordKind.PROVISION:
        return (change.values["domain"],)
    if change.kind == RecordKind.CASE:
        found = [corpus.provisions[one].domain for one in change.values["provisions"].split()]
    else:
        found = [one.domain for one in corpus.by_instrument[change.instrument]]
    return tuple(dict.fromkeys(found))


def economies_of(corpus: Corpus, entities: tuple[str, ...]) -> tuple[str, ...]:
    """Entities with the economies that places lie in, so that followers of either are told."""
    found = dict.fromkeys(entities)
    for name in entities:
        if corpus.entities[name].within:
            found[corpus.entities[name].within] = None
    return tuple(found)


def _organisation(shop: Hub, tx: Any, login: str) -> str:
    user = shop.accounts.find_user(tx, login)
    if user is None or user.organisation_id is None:
        return ""
    return shop.accounts.get_organisation(tx, user.organisation_id).name
