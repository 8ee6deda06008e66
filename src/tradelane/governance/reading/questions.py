"""Reads the dated questions that must hold of a corpus."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tradelane.governance.model import Question
from tradelane.governance.reading.gathered import Gathered
from tradelane.governance.reading.places import Findings, Keys, one_of
from tradelane.kit.packs import Pack

_NEEDED = {
    "state": ("instrument", "as_of", "expect"),
    "holds": ("provision", "as_of", "expect"),
    "applies": ("economy", "as_of", "profile"),
}


def read_questions(pack: Pack, file: str, gathered: Gathered, findings: Findings) -> None:
    """The questions of ``tests/g.yaml``, if the group has any."""
    if not pack.has(file):
        return
    content = findings.yaml(pack, file)
    questions = content.get("questions") if isinstance(content, dict) else None
    for number, one in enumerate(questions or ()):
        keys: Keys = ("questions", number)
        needed = _NEEDED.get(one.get("ask", "")) if isinstance(one, dict) else None
        if needed is None:
            findings.key(
                "governance.unknown_value", "no such question.", file, keys, one_of(_NEEDED)
            )
            continue
        missing = [name for name in needed if name not in one]
        dead = _dead(one, gathered)
        if missing:
            findings.key("governance.missing_key", f"a question lacks {missing[0]}.", file, keys)
        elif dead:
            findings.key("governance.dead_id", f"there is no {dead}.", file, keys)
        else:
            gathered.questions.append(Question(one["ask"], one, file, number + 1))


def _dead(one: dict[str, Any], gathered: Gathered) -> str:
    provisions = [*one.get("includes", ()), *one.get("excludes", ()), one.get("provision")]
    named: list[tuple[object, Collection[str]]] = [
        *((name, gathered.provisions) for name in provisions),
        (one.get("instrument"), gathered.instruments),
        (one.get("economy"), gathered.entities),
    ]
    return next((str(name) for name, known in named if name is not None and name not in known), "")
