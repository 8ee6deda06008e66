"""The whole corpus to take away, as of a day: CSV, JSON, OSCAL, SSSOM."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from tradelane.governance import oscal
from tradelane.governance.corpus import Corpus
from tradelane.governance.exporting import FORMATS
from tradelane.governance.service import Governance
from tradelane.web import hub_frame
from tradelane.web.access import PUBLIC, Asking
from tradelane.web.hub_asking import Asked, nearest
from tradelane.web.limiting import limited_by_address

router = APIRouter(include_in_schema=False)
Asker = Annotated[Asking, Depends(PUBLIC)]

PATH = "/hub/downloads"
_MEDIA = {"csv": "text/csv", "json": "application/json", "tsv": "text/tab-separated-values"}


@router.get(PATH)
def downloads(request: Request, asker: Asker) -> Response:
    """What can be taken away, in which form, and what the forms are."""
    asked = Asked(request)
    files = files_of(asked.corpus)
    formats = {form: [n for n, f in files.items() if f == form] for form in FORMATS}
    return hub_frame.page(asked, "downloads.html", formats=formats, path=PATH)


@router.get(PATH + "/{name}", dependencies=[Depends(limited_by_address)])
def download(request: Request, asker: Asker, name: str) -> Response:
    """One file: everything that is recorded, or with ``as_of`` what holds on that day."""
    asked = Asked(request)
    files = files_of(asked.corpus)
    if name not in files:
        close = [(one, asked.at(f"{PATH}/{one}")) for one in nearest(name, {f: f for f in files})]
        return hub_frame.missing(asked, "file", name, close)
    if asked.problems:
        return hub_frame.refused(asked)
    data = _file(asked.engine, asked.as_of, asked.known_at, files[name], name)
    day = f"{asked.as_of}-" if asked.as_of else ""
    return hub_frame.attached(data, f"{day}{name}", _MEDIA[name.rpartition(".")[2]])


def files_of(corpus: Corpus) -> Mapping[str, str]:
    """Names of the files, each with its format."""
    found = {
        f"{name}.csv": "csv" for name in ("provisions", "instruments", "sources", "objectives")
    }
    found["corpus.json"] = "json"
    for name in (oscal.CATALOG_FILE, oscal.OBJECTIVES_FILE, oscal.MAPPING_FILE):
        found[name] = "oscal"
    for name in ("provisions", *corpus.frameworks):
        found[f"{name}.sssom.tsv"] = "sssom"
    return found


@lru_cache(maxsize=6)
def _file(
    engine: Governance, as_of: dt.date | None, known_at: dt.date | None, form: str, name: str
) -> bytes:
    """The last few files are kept: the whole corpus takes a moment to write."""
    corpus = engine.corpus
    if as_of or known_at:
        held = engine.select(engine.day(as_of, known_at))
        corpus = replace(corpus, provisions={one.id: one for one in held})
    return next(text for file, text in FORMATS[form](corpus) if file == name).encode()
