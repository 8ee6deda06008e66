"""Fits what the pack `classification` ships for when nothing was learned: weights.csv, curves.csv.

    python benchmarks/fit_classification.py FILE.csv ...   (text and hs6 columns)

Only sums over thousands of descriptions go into the pack, no text. The files that it was last run
with, and when, are in the pack's pack.yaml.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from tradelane.classification import facets, glossary, known, wordings
from tradelane.classification.calibration import Calibration, Curve
from tradelane.classification.model import Example
from tradelane.classification.reranker import Weighted
from tradelane.classification.trained import CURVES_FILE, INPUTS, WEIGHTS_FILE, Trained
from tradelane.classification.training import train_plain
from tradelane.kit import packs
from tradelane.nomenclature import Nomenclature

START = {"own_share": 6.0, "glossary_level": 6.0, "profile_share": 1.0, "related_share": 2.0}


def main(paths: list[str]) -> None:
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
    examples: list[Example] = []
    for path in paths:
        with Path(path).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                examples.append(Example(len(examples), Path(path).stem, row["text"], row["hs6"]))
    flat = Curve((0.5, *(0.0 for _ in INPUTS[1:])), 0.0)
    start = Trained(Weighted(START), Calibration(flat, flat))
    fitted = train_plain(ground, known.lessons(examples, read), start)
    with (pack.root / WEIGHTS_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["feature", "weight"])
        for name, weight in fitted.reranker.weights.items():
            writer.writerow([name, f"{weight:.4f}"])
    with (pack.root / CURVES_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["level", *INPUTS, "offset"])
        for level, curve in (
            ("subheading", fitted.calibration.six),
            ("heading", fitted.calibration.four),
        ):
            writer.writerow([level, *(f"{w:.4f}" for w in curve.weights), f"{curve.offset:.4f}"])


if __name__ == "__main__":
    main(sys.argv[1:])
