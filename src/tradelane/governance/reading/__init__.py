"""Reads a pack of the kind ``governance`` and says everything that is wrong with it.

Each group of files (``kr``, ``forums``, ...) has ``instruments/g.yaml``, ``provisions/g.csv``,
``sources/g.csv`` and, if it likes, ``tests/g.yaml``; vocabularies stand beside them. The format is
in ``docs/reference/governance.md``.
"""

from __future__ import annotations

from tradelane.governance.reading.cases import read_cases
from tradelane.governance.reading.crosswalks import read_crosswalks
from tradelane.governance.reading.gathered import Gathered
from tradelane.governance.reading.instruments import InstrumentReader
from tradelane.governance.reading.places import Findings
from tradelane.governance.reading.provisions import ProvisionReader
from tradelane.governance.reading.questions import read_questions
from tradelane.governance.reading.sources import read_sources
from tradelane.governance.reading.vocabularies import read_vocabularies
from tradelane.kit.packs import Pack

__all__ = ["Gathered", "read"]


def read(pack: Pack) -> Gathered:
    """Everything in the pack; ``problems`` is empty if it is as it should be."""
    findings = Findings(pack.root)
    gathered = Gathered(problems=findings.problems)
    read_vocabularies(pack, gathered)
    groups = sorted(
        {
            path.stem
            for folder in ("instruments", "provisions", "sources", "tests")
            for path in (pack.root / folder).glob("*.[cy][sa][vm]*")
        }
    )
    for group in groups:
        read_sources(f"sources/{group}.csv", gathered, findings)
    instruments = InstrumentReader(pack, gathered, findings)
    for group in groups:
        instruments.read(f"instruments/{group}.yaml")
    instruments.check_links()
    provisions = ProvisionReader(gathered, findings)
    for group in groups:
        provisions.read(f"provisions/{group}.csv")
    provisions.check_every_instrument_has_one()
    read_cases(pack, gathered, findings)
    for group in groups:
        read_questions(pack, f"tests/{group}.yaml", gathered, findings)
    read_crosswalks(pack, gathered, findings)
    return gathered
