"""A model's card: its manifest, its measured quality, and where it stands in this workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradelane.journeys import entries
from tradelane.journeys.adoption import Listed, get_listed
from tradelane.journeys.workshop import Workshop
from tradelane.kit import canonical
from tradelane.registry.card import QUALITY

_SPREAD = {"AUC": "forward_auc", "precision at 5 %": "forward_precision_at_5_percent"}


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a model. quality: see `targeting.quality.summary`, empty where it was not
    measured; trained: what the ledger says of its training, None where it was not trained here;
    seeds: the figures of every model that learned the same in the same way, this one too."""

    listed: Listed
    quality: Mapping[str, Any]
    trained: Mapping[str, Any] | None
    seeds: tuple[Mapping[str, Any], ...] = ()

    @property
    def spread(self) -> str:
        """How far its figures go with the seed; "" where no other seed was tried."""
        told = {
            label: [one[name] for one in self.seeds if name in one]
            for label, name in _SPREAD.items()
        }
        return " and ".join(
            f"{label} from {min(values)} to {max(values)}"
            for label, values in told.items()
            if len(values) > 1
        )

    @property
    def facts(self) -> list[str]:
        """Where it stands, in sentences."""
        said = [f"It is {self.listed.state}."]
        if self.trained is not None:
            said.append(
                f"Trained in this workspace by {self.trained['by']} from {self.trained['lines']} "
                f"lines, {self.trained['outcomes']} of them with an outcome."
            )
        adoption = self.listed.adoption
        if adoption is not None and adoption.proposed_by:
            said.append(
                f"Proposed by {adoption.proposed_by}, agreed to by {adoption.by} on "
                f"{adoption.at[:10]} (ledger entry {adoption.entry})."
            )
        elif adoption is not None:
            said.append(
                f"The first model of this workspace, adopted by {adoption.by} alone on "
                f"{adoption.at[:10]} (ledger entry {adoption.entry})."
            )
        else:
            said.append("No second person has agreed to it.")
        if self.spread:
            said.append(
                f"Trained with {len(self.seeds)} seeds on the same lines: {self.spread}. So much "
                "of its figures is luck."
            )
        return said


def read_card(shop: Workshop, tx: Any, model: str) -> Card:
    """The card of a digest or name. Errors: InputRefused ``registry.unknown_model``."""
    listed = get_listed(shop, tx, model)
    data = shop.registry.find_file(listed.digest, QUALITY)
    trained = [
        e.entry.body
        for e in shop.ledger.find(tx, f"model/{listed.digest}")
        if e.entry.kind == entries.MODEL_TRAINED
    ]
    quality = canonical.decode(data) if data else {}
    measured = quality if quality.get("lines") else {}
    seeds = tuple(
        one.get("metrics", {})
        for one in shop.registry.manifests(listed.manifest["name"])
        if _learned(one) == _learned(listed.manifest)
    )
    return Card(listed, measured, trained[-1] if trained else None, seeds)


def _learned(manifest: Mapping[str, Any]) -> tuple[Any, Any]:
    """What was learned, and how: all but the seed."""
    return manifest.get("training_data"), manifest.get("parameters")


def card_text(shop: Workshop, model: str) -> str:
    """The card as Markdown, with where the model stands here."""
    with shop.database.read() as tx:
        facts = read_card(shop, tx, model).facts
    return shop.registry.card(model, facts)
