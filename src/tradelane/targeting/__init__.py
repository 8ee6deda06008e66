"""Goods lines are scored for risk and routed to lanes under a budget."""

__all__ = [
    "budget",
    "commands",
    "evaluation",
    "features",
    "leakage",
    "model",
    "reasons",
    "scorers",
    "selection",
    "selectivity",
    "service",
    "threads",
    "trial",
]
