"""What a journey needs from the platform: the capabilities, ready to use."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tradelane.kit.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradelane.approvals.service import Approvals
    from tradelane.classification.service import Classification
    from tradelane.correspondence.service import Correspondence
    from tradelane.declarations.service import Declarations
    from tradelane.duties.service import Duties
    from tradelane.inspections.oversight import Oversight
    from tradelane.inspections.service import Inspections
    from tradelane.journeys.judging import Asked
    from tradelane.journeys.learning import Lesson
    from tradelane.journeys.writing import SecondHalf
    from tradelane.kit.offload import Stream
    from tradelane.ledger.service import Ledger
    from tradelane.nomenclature.service import Nomenclature
    from tradelane.registry.service import Registry
    from tradelane.targeting.service import Targeting

T = TypeVar("T")


class Transactions(Protocol):
    """Where a step's work is kept, whole or not at all (`kit.database.Database`)."""

    def write(self, run: Callable[[Any], T]) -> T: ...
    def read(self) -> AbstractContextManager[Any]: ...


class Storage(Transactions, Protocol):
    """The database as a whole."""

    def backup_to(self, target: Path) -> None: ...


class Workshop(Protocol):
    """The platform, as journeys see it (`tradelane.platform.Tradelane`)."""

    clock: Clock
    home: Path
    text_against_code: bool
    """Whether the classifier is asked of lines that are read to learn from."""

    @property
    def database(self) -> Storage: ...
    @property
    def approvals(self) -> Approvals: ...
    @property
    def classification(self) -> Classification: ...
    @property
    def declarations(self) -> Declarations: ...
    @property
    def inspections(self) -> Inspections: ...
    @property
    def oversight(self) -> Oversight: ...
    @property
    def correspondence(self) -> Correspondence: ...
    @property
    def selections(self) -> Any: ...
    @property
    def duels(self) -> Any: ...
    @property
    def watched(self) -> Any: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def nomenclature(self) -> Nomenclature: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def targeting(self) -> Targeting: ...
    @property
    def database_url(self) -> str | None: ...
    @property
    def system_url(self) -> str: ...
    def assess_elsewhere(self, asked: Asked) -> Stream: ...
    def learn_elsewhere(self, lesson: Lesson) -> Stream: ...
    def write_elsewhere(self, asked: SecondHalf) -> Stream: ...
    def duties(self, territory: str | Path, rates: Path | None = None) -> Duties: ...
