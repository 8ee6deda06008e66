"""Asks the corpus the dated questions that its pack says must hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from tradelane.governance.dates import read_when
from tradelane.governance.model import Question
from tradelane.governance.profiles import read_profile

if TYPE_CHECKING:
    from tradelane.governance.service import Governance


class Asked(NamedTuple):
    """A question with what came; ``wrong`` is empty if it is as it must be."""

    question: Question
    wrong: str

    @property
    def right(self) -> bool:
        """Whether the corpus holds what it must."""
        return not self.wrong


def ask_all(engine: Governance) -> Iterator[Asked]:
    """Every question of the pack, in its order."""
    for question in engine.corpus.questions:
        yield Asked(question, _ask(engine, question))


def _ask(engine: Governance, question: Question) -> str:
    content: Any = question.content
    on = read_when(content["as_of"]).first
    if question.ask == "state":
        state = engine.corpus.get_instrument(content["instrument"]).state_on(on)
        came = state.state if state else "none"
        wanted = str(content["expect"])
        return "" if came == wanted else f"{content['instrument']} is {came}, not {wanted}"
    if question.ask == "holds":
        return _ask_holds(engine, content, on)
    return _ask_applies(engine, content, on)


def _ask_holds(engine: Governance, content: Any, on: dt.date) -> str:
    day = engine.day(on)
    holds = bool(day.holds[engine.index.position[content["provision"]]])
    if holds == content["expect"]:
        return ""
    return f"{content['provision']} {'holds' if holds else 'does not hold'} on {on}"


def _ask_applies(engine: Governance, content: Any, on: dt.date) -> str:
    profile = read_profile(content["profile"], engine.corpus)
    (found,) = engine.applies(profile, [content["economy"]], as_of=on).economies
    caught = {one.provision for one in (*found.applies, *found.asks)}
    missing = [name for name in content.get("includes", ()) if name not in caught]
    extra = [name for name in content.get("excludes", ()) if name in caught]
    said = [f"does not catch {', '.join(missing)}"] if missing else []
    said += [f"catches {', '.join(extra)}"] if extra else []
    return f"{content['economy']} {' and '.join(said)}" if said else ""
