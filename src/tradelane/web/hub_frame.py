"""What every page of the hub shares: its navigation, its words, its downloads, its 404."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson
from starlette.requests import Request
from starlette.responses import Response

from tradelane.governance.vocabulary import ADVICE
from tradelane.kit.spreadsheet import safe_cell
from tradelane.web import pages
from tradelane.web.access import NOBODY, Asking
from tradelane.web.hub_asking import Asked
from tradelane.web.hub_pictures import SHAPES, STATUS, VERDICTS
from tradelane.web.hub_words import MARKS_TOLD, Speaker
from tradelane.web.problems import problem_response
from tradelane.web.translation import N_, Translator, translator

SECTIONS: Sequence[tuple[str, str]] = (
    ("/hub", N_("AI rules")),
    ("/hub/applies", N_("What applies")),
    ("/hub/compare", N_("Compare")),
    ("/hub/matrix", N_("Matrix")),
    ("/hub/map", N_("Map")),
    ("/hub/timeline", N_("Timeline")),
    ("/hub/search", N_("Search")),
    ("/hub/changes", N_("Changes")),
    ("/hub/objectives", N_("Objectives")),
    ("/hub/coverage", N_("Coverage")),
    ("/hub/downloads", N_("Downloads")),
)
"""Address and label of the hub's parts; they stand where others have their own work."""

CONTRIBUTIONS: Sequence[tuple[str, str, str]] = (
    (
        "/hub/proposals",
        N_("Propose a correction"),
        N_("Something is missing or wrong: say so, with a source. A second person reviews it."),
    ),
    (
        "/hub/surveys",
        N_("Answer a survey or a consultation"),
        N_("Results are published in aggregate; small groups are not shown."),
    ),
    (
        "/hub/cases",
        N_("Read how public bodies use AI in trade"),
        N_("Problem, approach, outcome and whom to ask, as economies shared them."),
    ),
    (
        "/hub/feeds",
        N_("Follow an economy or a domain"),
        N_("A feed tells you when something changes."),
    ),
)
"""Other doors of the hub, shown where the application has them."""


class Part(NamedTuple):
    """One page of a long list: its items, the first of them, all, and the addresses around it."""

    items: Sequence[Any]
    first: int
    total: int
    previous: str
    next: str

    @property
    def last(self) -> int:
        """The number of the last item shown."""
        return self.first + len(self.items) - 1


def words_of(request: Request) -> Translator:
    """The reader's language."""
    found: Asking = getattr(request.state, "asking", NOBODY)
    return translator(pages.locale_of(request, found.principal))


def page(asked: Asked, template: str, **context: Any) -> Response:
    """A page of the hub."""
    request = asked.request
    words = words_of(request)
    return pages.render(
        request,
        f"hub/{template}",
        context.pop("status", asked.status),
        nav=navigation(request, words),
        asked=asked,
        at=asked.at,
        say=context.pop("say", None) or Speaker(words, asked.corpus),
        corpus=asked.corpus,
        problems=asked.wrong,
        shapes=SHAPES,
        statuses=STATUS,
        verdicts=VERDICTS,
        marks_told=MARKS_TOLD,
        **context,
    )


def navigation(request: Request, words: Translator) -> list[dict[str, Any]]:
    """The hub's parts; for who has signed in also the way back to their work."""
    path = request.url.path
    principal = getattr(request.state, "asking", NOBODY).principal
    within = [href for href, _ in SECTIONS if path == href or path.startswith(href + "/")]
    current = max(within, key=len, default="")
    found = [
        {"href": href, "label": words.gettext(label), "current": href == current}
        for href, label in SECTIONS
    ]
    if principal is not None:
        home = {"href": pages.home_of(principal), "label": words.gettext("Your work")}
        found.insert(0, {**home, "current": False})
    return found


def contributions(request: Request) -> list[tuple[str, str, str]]:
    """The other doors that this application has."""
    known = {getattr(route, "path", "") for route in _routes(request.app)}
    return [one for one in CONTRIBUTIONS if one[0] in known]


def _routes(app: Any) -> Iterable[Any]:
    from fastapi.routing import iter_route_contexts

    return iter_route_contexts(app.routes)


def part(asked: Asked, items: Sequence[Any], size: int, path: str, query: Any) -> Part:
    """The page of a list that is asked for; past its end the last one."""
    most = max(1, -(-len(items) // size))
    number = min(asked.page(), most)
    first = (number - 1) * size

    def to(other: int) -> str:
        return asked.at(path, query, page=str(other)) if 1 <= other <= most else ""

    return Part(items[first : first + size], first + 1, len(items), to(number - 1), to(number + 1))


def missing(asked: Asked, what: str, given: str, close: Iterable[tuple[str, str]]) -> Response:
    """There is no such thing; here is what is spelt like it."""
    return page(asked, "missing.html", status=404, what=what, given=given[:80], close=list(close))


def as_csv(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A table to keep."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(header)
    table.writerows([safe_cell("" if c is None else str(c)) for c in row] for row in rows)
    return attached(out.getvalue().encode(), f"{name}.csv", "text/csv")


def as_json(name: str, value: Any) -> Response:
    """The same for programs."""
    body = value if isinstance(value, dict) else {"items": value, "advice": ADVICE}
    data = orjson.dumps(body, option=orjson.OPT_INDENT_2)
    return attached(data, f"{name}.json", "application/json")


def attached(data: bytes, name: str, media: str) -> Response:
    """A file to keep."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media, headers=headers)


def refused(asked: Asked) -> Response:
    """What a download answers where something is wrong: the problems, as the API tells them."""
    return problem_response(asked.request, 422, tuple(asked.problems))
