"""Descriptions with known codes for the benchmarks of classification, parted honestly.

A text's normalised form decides its side, so that no text stands on two sides, in whichever file
it is. What is fitted and shipped is fitted on the share to learn from; figures are of the rest.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tradelane.classification.model import Example
from tradelane.classification.words import key

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "hs"
PEOPLE = ("uk_search_references", "uk_fpo_parcel", "uk_intercepts_hs6")
"""Files of texts that people wrote, with a subheading each."""
HEADINGS = "uk_intercepts_hs4"
TARIFF = "us_hts_descriptors"
PARTS, HELD_BACK = 4, 0
"""One part of four is never learned from."""


@dataclass(frozen=True)
class Sides:
    """Examples to learn from, and those held back, by file."""

    learned: list[Example]
    held: dict[str, list[Example]]


def read(folder: Path, name: str) -> list[Example]:
    """One file's examples; its name is their source."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [
            Example(at, name, row["text"], row.get("hs6") or row["hs4"])
            for at, row in enumerate(csv.DictReader(file))
        ]


def is_held(text: str) -> bool:
    """Whether a text belongs to the side that is never learned from."""
    parts = " ".join(sorted(set(key(text).split())))
    return zlib.crc32(parts.encode()) % PARTS == HELD_BACK


def sides(folder: Path, names: Iterable[str] = (*PEOPLE, HEADINGS, TARIFF)) -> Sides:
    """Every file in two. Held-back texts are taken once for each code."""
    found = Sides([], {})
    for name in names:
        held = found.held.setdefault(name, [])
        seen: set[tuple[str, str]] = set()
        for one in read(folder, name):
            if not is_held(one.text):
                found.learned.append(one)
            elif (key(one.text), one.code) not in seen:
                seen.add((key(one.text), one.code))
                held.append(one)
    return found


def leaf(text: str) -> str:
    """The last wordings of a tariff's path: what a trader might write of it.

    >>> leaf("Live horses — Horses — Purebred breeding animals — Males")
    'Horses, Purebred breeding animals, Males'
    """
    said = [part for part in text.split(" — ") if part.strip().lower() != "other"]
    return ", ".join(said[-3:])
