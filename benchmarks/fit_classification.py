"""Fits what the pack `classification` ships for when nothing was learned: weights.csv, hidden.csv
and curves.csv.

    python benchmarks/fit_classification.py [FOLDER]

FOLDER has the files of `classification_texts`; by default ../shared/data/hs. Only three parts of
four are fitted on, so that `bench_classification.py` can report on the fourth. Beside the texts as
they are, they are put into sentences of our own, since rulings are long; leaves of a tariff give
the facets (knitted, of cotton, frozen) enough to say. Only sums over thousands of descriptions go
into the pack, no text.
"""

from __future__ import annotations

import csv
import random
import sys
from dataclasses import replace
from pathlib import Path

from classification_sentences import sentences
from classification_texts import FOLDER, PEOPLE, TARIFF, leaf, sides

from tradelane.classification import facets, glossary, known, wordings
from tradelane.classification.calibration import Calibration, Curve
from tradelane.classification.model import Example
from tradelane.classification.reranker import Weighted
from tradelane.classification.trained import (
    CURVES_FILE,
    HIDDEN_FILE,
    INPUTS,
    OFFSET,
    OUT,
    WEIGHTS_FILE,
    Trained,
)
from tradelane.classification.training import train_plain
from tradelane.kit import packs
from tradelane.nomenclature import Nomenclature

START = {"own_share": 6.0, "glossary_level": 6.0, "profile_share": 1.0, "related_share": 2.0}
MOST = {"uk_fpo_parcel": 300, TARIFF: 1_000}
"""Parcel lines are mostly brands, a tariff's leaves repeat wordings: a few are enough."""
LEFT_OUT = 0.3
"""Words of a tariff's leaf that are left out, so that it is not the wording again."""


def main(folder: Path) -> None:
    """Read the files, fit, and write into the pack."""
    pack = packs.load("classification")
    codes = Nomenclature().all_codes()
    read = wordings.read(codes)
    found = facets.load(pack)
    ground = known.Known(
        read,
        found,
        wordings.code_facets(read, found, pack),
        glossary.load(pack, found, codes.keys()),
    )
    flat = Curve((0.5, *(0.0 for _ in INPUTS[1:])), 0.0)
    start = Trained(Weighted(START), Calibration(flat, flat))
    examples = texts(folder)
    fitted = train_plain(ground, known.lessons(examples, read), start, most=len(examples))
    with (pack.root / WEIGHTS_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["feature", "weight"])
        for name, weight in fitted.reranker.weights.items():
            writer.writerow([name, f"{weight:.4f}"])
    hidden = fitted.reranker.hidden
    assert hidden is not None
    with (pack.root / HIDDEN_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["feature", *(f"unit{i}" for i in range(len(hidden.out)))])
        for name, row in (*hidden.into.items(), (OFFSET, hidden.offset), (OUT, hidden.out)):
            writer.writerow([name, *(f"{w:.4f}" for w in row)])
    with (pack.root / CURVES_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["level", *INPUTS, "offset"])
        for level, curve in (
            ("subheading", fitted.calibration.six),
            ("heading", fitted.calibration.four),
        ):
            writer.writerow([level, *(f"{w:.4f}" for w in curve.weights), f"{curve.offset:.4f}"])


def texts(folder: Path) -> list[Example]:
    """What is fitted on: half as it was written, half within sentences."""
    draw = random.Random(0)
    by_source: dict[str, list[Example]] = {}
    for one in sides(folder, (*PEOPLE, TARIFF)).learned:
        by_source.setdefault(one.source, []).append(one)
    found = []
    for source, group in sorted(by_source.items()):
        for one in draw.sample(group, min(len(group), MOST.get(source, len(group)))):
            text = _thinned(leaf(one.text), draw) if source == TARIFF else one.text
            if draw.random() < 0.5:
                text = sentences(text, draw.randrange(1 << 30))
            found.append(replace(one, text=text))
    return found


def _thinned(text: str, draw: random.Random) -> str:
    said = text.split()
    return " ".join(word for word in said if draw.random() >= LEFT_OUT) or text


if __name__ == "__main__":
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    if not (given / f"{TARIFF}.csv").exists():
        sys.exit(f"There are no labelled descriptions in {given}; give their folder.")
    main(given)
