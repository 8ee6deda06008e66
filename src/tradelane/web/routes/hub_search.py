"""Finds provisions by plain words, and shows where the words stand."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from tradelane.governance.answers import hit_view
from tradelane.governance.exporting import provisions_csv
from tradelane.governance.searching import Hit
from tradelane.governance.vocabulary import FORMS
from tradelane.web import hub_frame
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.hub_asking import Asked

router = APIRouter(include_in_schema=False)
Asker = Annotated[Asking, Depends(PUBLIC)]

PATH = "/hub/search"
_PART = 20
_MOST = 200
_EXAMPLES = (
    "labels on generated content",
    "tell people that they talk to a machine",
    "report a serious incident",
    "test for bias before release",
    "representative of a foreign provider",
)


@router.get(PATH)
def search(request: Request, asker: Asker) -> Response:
    """Provisions that fit some words, best first."""
    asked, text, query = _read(request)
    number = min(asked.page(), _MOST // _PART)
    hits, count = _hits(asked, text, query, _PART, (number - 1) * _PART)
    shown = min(count, _MOST)

    def to(other: int) -> str:
        fits = 1 <= other <= -(-shown // _PART)
        return asked.at(PATH, query, page=str(other)) if fits else ""

    first = (number - 1) * _PART + 1
    return hub_frame.page(
        asked,
        "search.html",
        q=text,
        query=query,
        part=hub_frame.Part(hits, first, count, to(number - 1), to(number + 1)),
        marked=marked,
        examples=_EXAMPLES,
        forms=FORMS,
    )


@router.get(PATH + ".csv")
def search_csv(request: Request, asker: Asker) -> Response:
    """The best of them as a table, in the columns of the corpus."""
    asked, text, query = _read(request)
    if asked.problems:
        return hub_frame.refused(asked)
    hits, _ = _hits(asked, text, query, _MOST, 0)
    table = provisions_csv([hit.provision for hit in hits], asked.corpus)
    return hub_frame.attached(table.encode(), "search.csv", "text/csv")


@router.get(PATH + ".json")
def search_json(request: Request, asker: Asker) -> Response:
    """The same for programs, with the places of the words."""
    asked, text, query = _read(request)
    if asked.problems:
        return hub_frame.refused(asked)
    hits, _ = _hits(asked, text, query, _MOST, 0)
    return hub_frame.as_json("search", [hit_view(hit, asked.corpus) for hit in hits])


def marked(hit: Hit) -> Markup:
    """The statement with the words that were found in ``<mark>``.

    >>> from types import SimpleNamespace as Some
    >>> print(marked(Some(provision=Some(statement="Labels <b>"), marks=((0, 6),))))
    <mark>Labels</mark> &lt;b&gt;
    """
    text, done, found = hit.provision.statement, 0, Markup()
    for start, end in hit.marks:
        found += text[done:start] + Markup("<mark>{}</mark>").format(text[start:end])
        done = end
    return found + text[done:]


def _read(request: Request) -> tuple[Asked, str, dict[str, Any]]:
    asked = Asked(request)
    text = asked.text("q")
    query = {
        "q": text,
        "economies": asked.entities(),
        "domain": asked.domains(),
        "form": asked.choice("form", FORMS),
    }
    return asked, text, query


def _hits(
    asked: Asked, text: str, query: dict[str, Any], limit: int, skip: int
) -> tuple[list[Hit], int]:
    if asked.problems or not text:
        return [], 0
    return asked.engine.search(
        text,
        entities=query["economies"],
        domains=query["domain"],
        form=query["form"],
        as_of=asked.as_of,
        known_at=asked.known_at,
        limit=limit,
        skip=skip,
    )
