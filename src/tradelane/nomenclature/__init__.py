"""The codes of the Harmonized System with their wording and validity."""

from tradelane.nomenclature.model import Code, Hit, edition_of
from tradelane.nomenclature.service import Nomenclature

__all__ = ["Code", "Hit", "Nomenclature", "edition_of"]
