"""Duty, tax and relief are assessed with a trace that a person can follow."""

from tradelane.duties.exchange import ExchangeRates
from tradelane.duties.explanation import explain
from tradelane.duties.model import Charge, LineAssessment, ReliefFinding, Window
from tradelane.duties.service import Duties

__all__ = [
    "Charge",
    "Duties",
    "ExchangeRates",
    "LineAssessment",
    "ReliefFinding",
    "Window",
    "explain",
]
