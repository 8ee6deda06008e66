"""Which models may be put in force: a model is proposed, a second person agrees, and only then may
an order name it.

The first model of a workspace is the exception: there is nobody yet who could compare it with
another, so the operator who opens the first order adopts it, and the ledger says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradelane.approvals.model import Proposal
from tradelane.journeys import approving, entries
from tradelane.journeys.intake import INTAKE
from tradelane.journeys.workshop import Workshop
from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused, Problem
from tradelane.registry.model import short
from tradelane.targeting.service import NAME

KIND = "model"
"""What proposals of models are called in `approvals`."""

CANDIDATE, PROPOSED, ADOPTED, IN_FORCE, CHALLENGER, RETIRED = (
    "candidate",
    "proposed",
    "agreed",
    "in force",
    "challenger",
    "retired",
)


@dataclass(frozen=True, slots=True)
class Adoption:
    """That a model may be put in force. by: who agreed; proposed_by: "" where an operator adopted
    the first model alone; entry: its place in the ledger."""

    model: str
    by: str
    proposed_by: str
    at: str
    entry: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A model of the registry with where it stands. proposal: the latest one about it."""

    manifest: Mapping[str, Any]
    state: str
    adoption: Adoption | None
    proposal: Proposal | None

    @property
    def digest(self) -> str:
        """The model's digest."""
        return str(self.manifest["digest"])

    @property
    def name(self) -> str:
        """How people call it."""
        return f"{self.manifest['name']}/{short(self.digest)}"

    @property
    def is_rule(self) -> bool:
        """Whether it is the price rule, which was not learned."""
        return bool(self.manifest["parameters"]["scorer"] == "price_rule")

    @property
    def may_be_proposed(self) -> bool:
        """Whether nobody has agreed to it and nothing about it waits. A challenger decides nothing,
        so it needs no agreement before it is proposed."""
        waiting = self.proposal is not None and self.proposal.is_open
        return self.adoption is None and self.state != IN_FORCE and not waiting


def is_agreed(shop: Workshop, tx: Any, digest: str) -> bool:
    """Whether an order may name that model: it was agreed to and not retired since, or it is in
    force already."""
    return find_adoption(shop, tx, digest) is not None or digest == in_force(shop, tx)[0]


def expect_agreed(shop: Workshop, tx: Any, digest: str, pointer: str = "/model") -> None:
    """Errors: InputRefused ``adoption.not_agreed``."""
    if not is_agreed(shop, tx, digest):
        raise InputRefused(
            Problem(
                "adoption.not_agreed",
                f"Nobody has agreed that the model {short(digest)} may be put in force.",
                pointer=pointer,
                hint="Propose it on the page 'Models'; a second person has to agree.",
            )
        )


def adopt_first(shop: Workshop, tx: Any, digest: str, by: str) -> bool:
    """Adopt a model by the operator's word alone if no model of this workspace is agreed yet;
    whether that was so."""
    if any(is_agreed(shop, tx, one["digest"]) for one in shop.registry.manifests(NAME)):
        return False
    _record(
        shop,
        tx,
        entries.MODEL_ADOPTED,
        digest,
        {
            "by": by,
            "proposed_by": "",
            "proposal": None,
            "note": "The first model of this workspace, adopted by its operator alone.",
        },
    )
    return True


def find_adoption(shop: Workshop, tx: Any, digest: str) -> Adoption | None:
    """Who agreed to a model and when, or None; None too once it is retired."""
    found = None
    for stored in shop.ledger.find(tx, _subject(digest)):
        kind, body = stored.entry.kind, stored.entry.body
        if kind == entries.MODEL_ADOPTED:
            found = Adoption(digest, body["by"], body["proposed_by"], stored.entry.at, stored.index)
        elif kind == entries.MODEL_RETIRED:
            found = None
    return found


def in_force(shop: Workshop, tx: Any) -> tuple[str, str]:
    """The digests of the model that decides now and of its challenger, "" where there is none."""
    for batch in shop.declarations.open_batches(tx, INTAKE):
        return batch.settings["model"], batch.settings.get("challenger", "")
    return "", ""


def listed(shop: Workshop, tx: Any) -> list[Listed]:
    """Every model of the registry, newest first."""
    now = in_force(shop, tx)
    found = sorted(shop.registry.manifests(NAME), key=lambda one: str(one["created_at"]))
    return [_listed(shop, tx, one, now) for one in reversed(found)]


def get_listed(shop: Workshop, tx: Any, model: str) -> Listed:
    """The model of a digest or name. Errors: InputRefused ``registry.unknown_model``."""
    return _listed(shop, tx, shop.registry.get_manifest(model), in_force(shop, tx))


def propose_model(shop: Workshop, digest: str, by: str, reason: str) -> Proposal:
    """Propose that a model may be put in force.

    Errors: InputRefused ``registry.unknown_model``, ``adoption.waiting``,
    ``approvals.reason_missing``.
    """

    def write(tx: Any) -> Proposal:
        model = get_listed(shop, tx, digest)
        if not model.may_be_proposed:
            raise InputRefused(
                Problem(
                    "adoption.waiting",
                    f"The model {model.name} is proposed, agreed to or in force already.",
                    hint="Look at where it stands on its page.",
                )
            )
        content = {
            "model": model.digest,
            "training_data": model.manifest.get("training_data", ""),
            "metrics": model.manifest.get("metrics", {}),
        }
        return approving.propose(shop, tx, KIND, model.digest, content, by, reason)

    return shop.database.write(write)


def agree_to_model(shop: Workshop, proposal_id: int, by: str, seen: str) -> Proposal:
    """A second person agrees; from now on an order may name the model.

    Errors: those of `Approvals.agree`, ``registry.unknown_model``.
    """

    def write(tx: Any) -> Proposal:
        _expect_model(shop.approvals.get(tx, proposal_id))
        found = approving.agree(shop, tx, proposal_id, by, seen)
        shop.registry.get_manifest(found.subject)
        body = {"by": by, "proposed_by": found.proposed_by, "proposal": found.id, "note": ""}
        _record(shop, tx, entries.MODEL_ADOPTED, found.subject, body)
        return found

    return shop.database.write(write)


def decline_model(shop: Workshop, proposal_id: int, by: str, remark: str) -> Proposal:
    """A second person says no. Errors: those of `Approvals.decline`."""

    def write(tx: Any) -> Proposal:
        _expect_model(shop.approvals.get(tx, proposal_id))
        return approving.decline(shop, tx, proposal_id, by, remark)

    return shop.database.write(write)


def withdraw_model(shop: Workshop, proposal_id: int, by: str) -> Proposal:
    """Whoever proposed it takes it back. Errors: those of `Approvals.withdraw`."""

    def write(tx: Any) -> Proposal:
        _expect_model(shop.approvals.get(tx, proposal_id))
        return approving.withdraw(shop, tx, proposal_id, by)

    return shop.database.write(write)


def retire(shop: Workshop, digest: str, by: str) -> None:
    """No new order may name the model. One person is enough for less.

    Errors: InputRefused ``adoption.in_use`` for a model that an order uses now, or that nobody had
    agreed to.
    """

    def write(tx: Any) -> None:
        model = get_listed(shop, tx, digest)
        if model.state != ADOPTED:
            raise InputRefused(
                Problem(
                    "adoption.in_use",
                    f"The model {model.name} is {model.state}; it cannot be retired.",
                    hint="Give an order with another model first.",
                )
            )
        _record(shop, tx, entries.MODEL_RETIRED, model.digest, {"by": by})

    shop.database.write(write)


def _expect_model(proposal: Proposal) -> None:
    if proposal.kind != KIND:
        raise InputRefused(
            Problem(
                "adoption.other_kind",
                f"Proposal {proposal.id} is not about a model.",
                hint="It is decided on the page where it was made.",
            )
        )


def _listed(shop: Workshop, tx: Any, manifest: Mapping[str, Any], now: tuple[str, str]) -> Listed:
    digest = str(manifest["digest"])
    adoption = find_adoption(shop, tx, digest)
    proposal = next(iter(shop.approvals.latest(tx, KIND, digest, 1)), None)
    if digest in now:
        state = (IN_FORCE, CHALLENGER)[now.index(digest)]
    elif adoption is not None:
        state = ADOPTED
    elif proposal is not None and proposal.is_open:
        state = PROPOSED
    elif shop.ledger.find(tx, _subject(digest), entries.MODEL_RETIRED):
        state = RETIRED
    else:
        state = CANDIDATE
    return Listed(manifest, state, adoption, proposal)


def _record(shop: Workshop, tx: Any, kind: str, digest: str, body: Mapping[str, Any]) -> None:
    at = stamp(shop.clock.now())
    said = {"model": digest, **body}
    shop.ledger.record(tx, [entries.entry(at, kind, _subject(digest), said)])


def _subject(digest: str) -> str:
    return f"model/{digest}"
