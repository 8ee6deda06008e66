"""What people call goods: the shipped glossary, row by row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tradelane.classification.asked import Asked
from tradelane.classification.known import Known

BY_DIGITS = {6: 1.0, 4: 0.6, 2: 0.2}
"""How much an entry says of a subheading, by the digits of its code."""


class Terms:
    """See the module."""

    name = "glossary"

    def learn(self, known: Known) -> None:
        """The glossary and the wordings count here."""
        self._wordings = known.wordings
        self._glossary = known.glossary

    def scores(self, asked: Sequence[Asked]) -> NDArray[np.float32]:
        """The strongest entry for each subheading."""
        found = np.zeros((len(asked), len(self._wordings.codes)), np.float32)
        for row, one in zip(found, asked, strict=True):
            for match in self._glossary.matches(one):
                for code in match.entry.codes:
                    part = row[self._wordings.spread(code)]
                    np.maximum(part, match.strength * BY_DIGITS[len(code)], out=part)
        return found
