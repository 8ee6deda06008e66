"""Goods lines are scored for risk and routed to lanes under a budget."""
