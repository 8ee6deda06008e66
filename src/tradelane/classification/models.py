"""What was learned, in the registry: published once, checked by hash, taken back when it fits."""

from __future__ import annotations

from collections.abc import Mapping

from tradelane.classification.trained import Trained, restore
from tradelane.kit.packs import Pack
from tradelane.registry.service import Registry, library_versions

NAME = "classification"


class RegisteredModels:
    """The newest model for the pack that is used."""

    def __init__(self, registry: Registry, pack: Pack) -> None:
        self._registry = registry
        self._pack = pack

    def key(self) -> str:
        """The digest of the newest model, or ''."""
        fitting = [
            m
            for m in self._registry.manifests(NAME)
            if m.get("training_key") == self._pack.version and m["libraries"] == library_versions()
        ]
        newest = max(fitting, key=lambda m: str(m["created_at"]), default=None)
        return "" if newest is None else str(newest["digest"])

    def newest(self) -> Trained | None:
        """What was learned last, or None where nothing was."""
        digest = self.key()
        return restore(self._registry.load(digest).files) if digest else None

    def keep(self, trained: Trained, about: Mapping[str, object]) -> None:
        """Publish what was learned, with its card."""
        self._registry.publish(
            NAME,
            trained.dump(),
            {
                "training_key": self._pack.version,
                "training_data": f"{about['examples']} examples of goods",
                "features": sorted(trained.reranker.weights),
                "seed": 0,
                "intended_use": "Suggest codes for descriptions of goods; a person decides.",
                "limits": "Knows the habits of its examples; no legal advice, no chapter notes.",
            },
        )
