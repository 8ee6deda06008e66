"""What applies to an AI product where: an exporter states facts and chooses economies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from tradelane.governance.answers import applies_view
from tradelane.governance.applying import Applicability, Caught, InEconomy
from tradelane.governance.conditions import TIER, Profile
from tradelane.governance.corpus import Corpus
from tradelane.governance.effects import ASKED, Effect, effect_word
from tradelane.web import hub_frame
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.hub_asking import Asked
from tradelane.web.hub_words import GROUPS

router = APIRouter(include_in_schema=False)
Asker = Annotated[Asking, Depends(PUBLIC)]

FORM = "/hub/applies"
RESULT = "/hub/applies/result"
VIEWS = ("same", "different", "dates")
ANSWERS = ("applies", "ask", "coming", "not")
EFFECTS = tuple(map(str, Effect))
_PART = 25
_GLANCE = 8
_COLUMNS = (
    "economy",
    "answer",
    "provision",
    "instrument",
    "title",
    "locator",
    "effect",
    "force",
    "verification",
    "from",
    "only_in",
    "tell_first",
    "statement",
    "sources",
)


class Spread(NamedTuple):
    """An objective that some economies ask for: by economy ``yes``, ``ask`` or nothing."""

    objective: str
    domain: str
    statement: str
    answers: dict[str, str]
    provisions: dict[str, list[str]]


@router.get(FORM)
def form(request: Request, asker: Asker) -> Response:
    """Ask for the facts of the product, the economies and the day."""
    asked = Asked(request)
    return _form(asked, asked.profile(), asked.entities())


@router.get(RESULT)
def result(request: Request, asker: Asker) -> Response:
    """What applies; the address holds everything that was stated, so it can be kept and sent."""
    asked, profile, economies = _read(request)
    if asked.problems:
        return _form(asked, profile, economies)
    found = _found(asked, profile, economies)
    query = _query(profile, economies)
    view = asked.choice("show", (*VIEWS, *economies))
    spread = _spread(found, asked.corpus)
    context: dict[str, Any] = {
        "found": found,
        "query": query,
        "view": view,
        "different": [one for one in spread if len(one.answers) < len(economies)],
        "sure": [one for one in found.everywhere if one.certain],
        "maybe": [one for one in found.everywhere if not one.certain],
        "ahead": _ahead(found),
        "to_ask": _to_ask(found),
        "word": effect_word,
        "glance": _GLANCE,
        "result_path": RESULT,
        "form_path": FORM,
    }
    if view in economies:
        one = next(one for one in found.economies if one.economy == view)
        context |= _in_one(asked, one, query)
    elif view:
        items = {
            "same": found.everywhere,
            "different": context["different"],
            "dates": context["ahead"],
        }[view]
        context["part"] = hub_frame.part(asked, items, _PART, RESULT, {**query, "show": view})
    return hub_frame.page(asked, "applies_result.html", **context)


@router.get(RESULT + ".csv")
def result_csv(request: Request, asker: Asker) -> Response:
    """Every provision with its answer, as a table."""
    asked, profile, economies = _read(request)
    if asked.problems:
        return hub_frame.refused(asked)
    found = _found(asked, profile, economies)
    return hub_frame.as_csv(f"what-applies-{asked.on}", _COLUMNS, _rows(found, asked.corpus))


@router.get(RESULT + ".json")
def result_json(request: Request, asker: Asker) -> Response:
    """The same as the API answers it."""
    asked, profile, economies = _read(request)
    if asked.problems:
        return hub_frame.refused(asked)
    found = _found(asked, profile, economies)
    return hub_frame.as_json(f"what-applies-{asked.on}", applies_view(found, asked.corpus))


def _read(request: Request) -> tuple[Asked, Profile, list[str]]:
    asked = Asked(request)
    profile, economies = asked.profile(), asked.entities()
    asked.need("economies", economies, 1, "Choose at least one economy.")
    return asked, profile, economies


def _found(asked: Asked, profile: Profile, economies: list[str]) -> Applicability:
    return asked.engine.applies(profile, economies, as_of=asked.as_of, known_at=asked.known_at)


def _form(asked: Asked, profile: Profile, economies: list[str]) -> Response:
    known = set(asked.corpus.facets)
    groups = [(title, [one for one in facets if one in known]) for title, facets in GROUPS]
    return hub_frame.page(
        asked,
        "applies.html",
        groups=groups,
        profile=profile,
        economies=economies,
        result_path=RESULT,
    )


def _query(profile: Profile, economies: list[str]) -> dict[str, Any]:
    return {**{name: sorted(profile[name]) for name in sorted(profile)}, "economies": economies}


def _in_one(asked: Asked, one: InEconomy, query: dict[str, Any]) -> dict[str, Any]:
    """One economy in full: what applies, what must be asked, what comes; a page of it."""
    answer = asked.choice("answer", ANSWERS)
    domain = asked.choice("domain", asked.corpus.domains)
    effect = asked.choice("effect", EFFECTS)
    listed = [
        (name, caught)
        for name, many in _answers(one)
        for caught in many
        if (answer == name if answer else name != "not")
        and (not effect or caught.effect == effect)
        and (not domain or asked.corpus.provisions[caught.provision].domain == domain)
    ]
    chosen = {
        **query,
        "show": one.economy,
        "answer": answer,
        "effect": effect,
        "domain": domain,
    }
    return {
        "economy": one,
        "answer": answer,
        "effect": effect,
        "effects": EFFECTS,
        "domain": domain,
        "part": hub_frame.part(asked, listed, _PART, RESULT, chosen),
    }


def _answers(one: InEconomy) -> tuple[tuple[str, tuple[Caught, ...]], ...]:
    return tuple(zip(ANSWERS, (one.applies, one.asks, one.coming, one.nots), strict=True))


def _spread(found: Applicability, corpus: Corpus) -> list[Spread]:
    """Who asks for each objective, those that most ask for first."""
    spread: dict[str, Spread] = {}
    for one in found.economies:
        for answer, many in (("yes", one.applies), ("ask", one.asks)):
            for caught in many:
                if caught.effect not in ASKED:
                    continue
                for mapping in corpus.provisions[caught.provision].objectives:
                    if mapping.relation == "contradicts":
                        continue
                    objective = corpus.objectives[mapping.objective]
                    row = spread.setdefault(
                        objective.id,
                        Spread(objective.id, objective.domain, objective.statement, {}, {}),
                    )
                    row.answers.setdefault(one.economy, answer)
                    row.provisions.setdefault(one.economy, []).append(caught.provision)
    return sorted(spread.values(), key=lambda row: (-len(row.answers), row.objective))


def _ahead(found: Applicability) -> list[tuple[str, Caught]]:
    """What will begin to hold, by its day."""
    coming = [(one.economy, caught) for one in found.economies for caught in one.coming]
    return sorted(coming, key=lambda pair: (str(pair[1].begins), pair[0], pair[1].provision))


def _to_ask(found: Applicability) -> list[tuple[str, int]]:
    """Facts of the product that would settle most; classes of instruments count as one."""
    counted: Counter[str] = Counter()
    for fact, count in found.to_ask:
        counted[TIER + "=" if fact.startswith(f"{TIER}=") else fact] += count
    return counted.most_common()


def _rows(found: Applicability, corpus: Corpus) -> Iterator[tuple[Any, ...]]:
    for one in found.economies:
        for answer, many in _answers(one):
            for caught in many:
                provision = corpus.provisions[caught.provision]
                asks = (provision.trigger if fact == "trigger" else fact for fact in caught.unknown)
                yield (
                    one.economy,
                    answer,
                    provision.id,
                    provision.instrument,
                    corpus.instruments[provision.instrument].title,
                    provision.locator,
                    str(caught.effect),
                    effect_word(caught.effect, caught.force),
                    provision.mark,
                    caught.begins or (provision.valid_from.text if provision.valid_from else ""),
                    caught.place,
                    "; ".join(asks) if answer != "not" else caught.because,
                    provision.statement,
                    "; ".join(corpus.sources[name].title for name in provision.sources),
                )
        for name in one.looked:
            provision = corpus.provisions[name]
            yield (
                one.economy,
                "none found",
                name,
                provision.instrument,
                "",
                "",
                "",
                "",
                provision.mark,
                "",
                "",
                "",
                provision.statement,
                "; ".join(corpus.sources[source].title for source in provision.sources),
            )
