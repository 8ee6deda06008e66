"""Files that show what was found: kept with a case, read back as they were."""

from __future__ import annotations

from typing import Any

from tradelane.inspections import files
from tradelane.inspections.findings import Evidence
from tradelane.inspections.needs import InspectionStore
from tradelane.inspections.rules import there
from tradelane.kit import canonical
from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import InputRefused, IntegrityBroken, Problem, TradelaneError


class KeepingEvidence:
    """The verbs of evidence."""

    _store: InspectionStore
    _clock: Clock

    def add_evidence(self, tx: Any, case_id: int, name: str, data: bytes, by: int) -> Evidence:
        """Keep a file with a case; the same bytes again give the file that is kept.

        Errors: ``inspections.evidence_name``, ``evidence_size``, ``evidence_type``,
        ``evidence_unsafe``, ``evidence_count``, ``not_found``.
        """
        name = files.clean_name(name)
        media_type = files.media_type_of(name, data)
        if isinstance(media_type, Problem):
            raise InputRefused(media_type)
        # Locked, so that two uploads at once cannot both be the twentieth file.
        there(self._store.lock_case(tx, case_id), case_id)
        digest = canonical.digest(data)
        kept = self._store.evidence(tx, case_id)
        for file in kept:
            if file.digest == digest:
                return file
        if len(kept) >= files.MOST_FILES:
            raise TradelaneError(
                Problem(
                    "inspections.evidence_count",
                    f"The case has {files.MOST_FILES} files, which is the most it can have.",
                    hint="Put several pictures into one PDF.",
                )
            )
        new = Evidence(
            id=0,
            case_id=case_id,
            name=name,
            media_type=media_type,
            size=len(data),
            digest=digest,
            added_by=by,
            added_at=stamp(self._clock.now()),
        )
        return self._store.add_evidence(tx, new, data)

    def evidence(self, tx: Any, case_id: int) -> list[Evidence]:
        """The files of a case in the order they came, without their bytes."""
        return self._store.evidence(tx, case_id)

    def read_evidence(self, tx: Any, evidence_id: int) -> tuple[Evidence, bytes]:
        """A file and its bytes, held to their digest.

        Errors: ``inspections.not_found``; IntegrityBroken ``inspections.evidence_damaged``.
        """
        found = self._store.find_evidence(tx, evidence_id)
        if found is None:
            raise TradelaneError(
                Problem("inspections.not_found", f"There is no evidence {evidence_id}.")
            )
        if canonical.digest(found[1]) != found[0].digest:
            raise IntegrityBroken(
                Problem(
                    "inspections.evidence_damaged",
                    f"The bytes of {found[0].name!r} are not those that were kept.",
                    hint="They were changed outside Tradelane; restore a backup.",
                )
            )
        return found
