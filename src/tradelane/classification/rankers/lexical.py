"""Words of a description against the wordings of subheadings (BM25).

A subheading's document has its own words in full, those of its heading and chapter in part; what a
wording leaves out ("other than ...") is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tradelane.classification.asked import Asked
from tradelane.classification.known import Known
from tradelane.classification.rankers.matching import Matching


class Lexical:
    """See the module."""

    name = "lexical"

    def learn(self, known: Known) -> None:
        """Only the wordings count here."""
        self.matching = Matching(known.written)

    def scores(self, asked: Sequence[Asked]) -> NDArray[np.float32]:
        """BM25 of the wording."""
        return self.matching.scores(asked)
