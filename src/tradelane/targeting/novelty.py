"""How promising it is to look where the model knows little: what exploration draws by.

A scheme that nobody has seen shows as something out of the ordinary long before anybody has a label
for it. Novelty is the product of two numbers from 0 to 1:

- *oddity*: how far the line is from what is usual, as the mean of the squares of six oddities, so
  that one strong oddity counts for more than six faint ones;
- *suspicion*: the model's probability against the share of all inspections that found something;
  a half where they are the same, or where either is not known.

What is odd and quite certainly right is not worth a look, and what is ordinary is the ranking's.
From a product of `FULL` on a line is as novel as can be, so that a day of very odd lines is not
inspected whole. Novelty is near 0 for a line that is ordinary, and says nothing about guilt.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradelane.targeting.features import Answers

Floats = NDArray[np.float64]

OUTLYING = ("price_kg", "price_unit", "unit_mass", "freight_share", "freight_kg", "packing")
"""Measures in which a line may lie far from its peers."""
FAR = 6.0
"""Robust deviations from which on a measure counts as entirely out of the ordinary."""
OWN_FAR = 1.5
"""The same for the log of the price against the importer's own of that code (4.5 times)."""
WORDS_FAR = 0.5
"""The same for how much better the words fit another code (`words.PARTS`)."""
FULL = 0.15
"""About one line in a hundred is as novel as this or more."""
ENOUGH = 10.0
"""From so many lines on it says something that a thing never came with another."""

GROUND = ("importer", "seller", "declarant", "hs4", "hs2")
"""A model stands on no ground where none of these was ever seen."""


def novelty(answers: Answers, probability: Floats) -> Floats:
    """From 0 to 1, one value a line. probability: NaN where it is not known."""
    found = oddity(answers) * suspicion(answers, probability)
    return np.clip(found / FULL, 0.0, 1.0)


def oddity(answers: Answers) -> Floats:
    """How far each line is from what is usual, 0 to 1."""
    parts = (
        _outlying(answers),
        _up_to(np.abs(answers["importer_hs6_price_gap"]), OWN_FAR),
        _up_to(answers["words_gap"], WORDS_FAR),
        _new_pair(answers),
        _unusual_route(answers),
        1.0 / (1.0 + _known(answers, "importer_lines")),
    )
    total = np.zeros(answers.height)
    for part in parts:
        total = total + part * part
    return total / len(parts)


def suspicion(answers: Answers, probability: Floats) -> Floats:
    """The probability against the share of all inspected lines that were wrong, 0 to 1."""
    overall = answers["overall_share"]
    both = probability + overall
    with np.errstate(all="ignore"):
        found = probability / both
    return np.where(both > 0, found, 0.5)


def has_ground(answers: Answers) -> NDArray[np.bool_]:
    """Whether the history has anything to compare a line with: its importer, seller or declarant,
    its heading or chapter, or a peer's price."""
    found = ~np.isnan(answers["price_kg_level"])
    for entity in GROUND:
        found |= _known(answers, f"{entity}_lines") > 0
    return found


def _outlying(answers: Answers) -> Floats:
    """The measure that is furthest from its peers, whichever way."""
    far = np.zeros(answers.height)
    for measure in OUTLYING:
        far = np.maximum(far, _up_to(np.abs(answers[f"{measure}_z"]), FAR))
    return far


def _new_pair(answers: Answers) -> Floats:
    """A code and an origin of which each is well known, and not together."""
    each = np.minimum(_known(answers, "hs6_lines"), _known(answers, "origin_lines"))
    return each / (each + ENOUGH) / (1.0 + _known(answers, "hs6_origin_lines"))


def _unusual_route(answers: Answers) -> Floats:
    """A departure from which fewer than a tenth of the origin's goods come."""
    lines, together = _known(answers, "origin_lines"), answers["route_lines"]
    share = np.clip(1.0 - 10.0 * together / (lines + 1.0), 0.0, 1.0)
    return np.where(np.isnan(share), 0.0, share * lines / (lines + ENOUGH))


def _up_to(values: Floats, most: float) -> Floats:
    return np.where(np.isnan(values), 0.0, np.clip(values / most, 0.0, 1.0))


def _known(answers: Answers, name: str) -> Floats:
    values = answers[name]
    return np.where(np.isnan(values), 0.0, values)
