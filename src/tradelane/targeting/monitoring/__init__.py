"""A model is watched while it works: its inputs, its scores, and what came of its choices.

Everything here is pure, so that a file and a live service are told the same; `store` alone reads a
database. What each figure means, with its formula and source: docs/explanation/watching-a-model.md.
"""
