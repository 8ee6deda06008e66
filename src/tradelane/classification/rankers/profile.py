"""Words of a description against all words that a subheading's examples and terms use (BM25)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tradelane.classification.asked import Asked
from tradelane.classification.known import Known
from tradelane.classification.rankers.matching import Matching


class Profile:
    """See the module."""

    name = "profile"

    def learn(self, known: Known) -> None:
        """Wordings, terms of the glossary and examples become one document a subheading."""
        self.matching = Matching(known.collected)

    def scores(self, asked: Sequence[Asked]) -> NDArray[np.float32]:
        """BM25 of the profile."""
        return self.matching.scores(asked)
