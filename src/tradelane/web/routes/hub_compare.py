"""Compares economies and forums, and writes the interoperability brief of several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from tradelane.governance.answers import brief_view
from tradelane.governance.brief import Brief
from tradelane.governance.brief_text import brief_markdown, cited
from tradelane.governance.comparing import Verdict
from tradelane.governance.service import Comparison
from tradelane.governance.strictness import FORCE_WORDS
from tradelane.governance.views import comparison_view
from tradelane.web import hub_frame
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.hub_asking import MOST_COMPARED, Asked

router = APIRouter(include_in_schema=False)
Asker = Annotated[Asking, Depends(PUBLIC)]

COMPARE = "/hub/compare"
BRIEF = "/hub/brief"
_PART = 8
_MOST_IN_A_BRIEF = 8
_SECTION = 12
_COLUMNS = (
    "one",
    "other",
    "domain",
    "objective",
    "statement",
    "verdict",
    "stricter",
    "silent",
    "verification",
    "provisions_one",
    "provisions_other",
)


@router.get(COMPARE)
def compare(request: Request, asker: Asker) -> Response:
    """Verdicts by domain and pair; with one domain, down to the provisions."""
    asked, economies, domains = _read(request, MOST_COMPARED)
    choosing = not asked.listed("economies") or asked.choice("choose", ("1",))
    if not choosing:
        asked.need("economies", economies, 2, "Choose two or more to compare.")
    if choosing or asked.problems:
        return hub_frame.page(
            asked,
            "compare.html",
            economies=economies,
            domains=domains,
            most=MOST_COMPARED,
            path=COMPARE,
        )
    found = _compared(asked, economies, domains)
    query = {"economies": list(found.entities), "domain": domains}
    context: dict[str, Any] = {
        "found": found,
        "query": query,
        "path": COMPARE,
        "forces": FORCE_WORDS,
        "who": _who,
    }
    if len(domains) != 1:
        return hub_frame.page(asked, "compared.html", **context)
    listed = [
        (pair, one)
        for pair in found.pairs
        for one in sorted(pair.domains[0].objectives, key=lambda o: not o.objective)
    ]
    return hub_frame.page(
        asked,
        "compared_domain.html",
        domain=domains[0],
        part=hub_frame.part(asked, listed, _PART, COMPARE, query),
        **context,
    )


@router.get(COMPARE + ".csv")
def compare_csv(request: Request, asker: Asker) -> Response:
    """Every verdict on every objective with its provisions, as a table."""
    asked, economies, domains = _read(request, MOST_COMPARED)
    asked.need("economies", economies, 2, "Name two or more.")
    if asked.problems:
        return hub_frame.refused(asked)
    found = _compared(asked, economies, domains)
    return hub_frame.as_csv(f"compare-{'-'.join(found.entities)}", _COLUMNS, _rows(asked, found))


@router.get(COMPARE + ".json")
def compare_json(request: Request, asker: Asker) -> Response:
    """The same as the API answers it."""
    asked, economies, domains = _read(request, MOST_COMPARED)
    asked.need("economies", economies, 2, "Name two or more.")
    if asked.problems:
        return hub_frame.refused(asked)
    found = _compared(asked, economies, domains)
    name = f"compare-{'-'.join(found.entities)}"
    return hub_frame.as_json(name, comparison_view(found, asked.corpus))


def _read(request: Request, most: int) -> tuple[Asked, list[str], list[str]]:
    asked = Asked(request)
    return asked, asked.entities(most=most), asked.domains()


def _compared(asked: Asked, economies: list[str], domains: list[str]) -> Comparison:
    return asked.engine.compare(
        economies, domains=domains, as_of=asked.as_of, known_at=asked.known_at
    )


def _who(verdict: Verdict) -> tuple[str, ...]:
    """Whom a verdict singles out: who is stricter, or who of two is silent."""
    if verdict.stricter:
        return (verdict.stricter,)
    return verdict.silent if len(verdict.silent) == 1 else ()


def _rows(asked: Asked, found: Comparison) -> Iterator[tuple[Any, ...]]:
    objectives = asked.corpus.objectives
    for pair in found.pairs:
        for domain in pair.domains:
            listed = [("", domain.verdict), *((o.objective, o.verdict) for o in domain.objectives)]
            for objective, verdict in listed:
                one, other = verdict.sides
                yield (
                    pair.one,
                    pair.other,
                    domain.domain,
                    objective,
                    objectives[objective].statement if objective else "",
                    verdict.kind,
                    verdict.stricter,
                    " ".join(verdict.silent),
                    verdict.mark,
                    " ".join((*one.provisions, *one.unsure)),
                    " ".join((*other.provisions, *other.unsure)),
                )


# ---------------------------------------------------------------- the brief


@router.get(BRIEF)
def brief(request: Request, asker: Asker) -> Response:
    """What several share, where they differ, what could be recognised, what is not known."""
    asked, economies, _ = _read(request, _MOST_IN_A_BRIEF)
    choosing = not asked.listed("economies") or asked.choice("choose", ("1",))
    if not choosing:
        asked.need("economies", economies, 2, "Choose two or more.")
    if choosing or asked.problems:
        return hub_frame.page(
            asked, "brief_choose.html", economies=economies, most=_MOST_IN_A_BRIEF, path=BRIEF
        )
    found = _brief(asked, economies)
    return hub_frame.page(
        asked,
        "brief.html",
        brief=found,
        path=BRIEF,
        query={"economies": list(found.entities)},
        most=_SECTION,
        forces=FORCE_WORDS,
        cited=len(cited(found)),
    )


@router.get(BRIEF + ".md")
def brief_md(request: Request, asker: Asker) -> Response:
    """The whole brief as Markdown, every sentence with its provisions."""
    asked, economies, _ = _read(request, _MOST_IN_A_BRIEF)
    asked.need("economies", economies, 2, "Name two or more.")
    if asked.problems:
        return hub_frame.refused(asked)
    text = brief_markdown(_brief(asked, economies), asked.corpus)
    return hub_frame.attached(text.encode(), f"brief-{'-'.join(economies)}.md", "text/markdown")


@router.get(BRIEF + ".json")
def brief_json(request: Request, asker: Asker) -> Response:
    """The same for programs."""
    asked, economies, _ = _read(request, _MOST_IN_A_BRIEF)
    asked.need("economies", economies, 2, "Name two or more.")
    if asked.problems:
        return hub_frame.refused(asked)
    name = f"brief-{'-'.join(economies)}"
    return hub_frame.as_json(name, brief_view(_brief(asked, economies), asked.corpus))


def _brief(asked: Asked, economies: list[str]) -> Brief:
    return asked.engine.brief(economies, as_of=asked.as_of, known_at=asked.known_at)
