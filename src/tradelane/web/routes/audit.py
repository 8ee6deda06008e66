"""Auditing: find a decision, walk it back to its entries, make it again, check its proof."""

from __future__ import annotations

import csv
import datetime as dt
import io
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tradelane.accounts.model import Scope
from tradelane.inspections.oversight import DecisionFilter, DecisionPlace, checked_period
from tradelane.journeys.walk import (
    Decided,
    Walk,
    basis_missing,
    decisions,
    leaf_of,
    make_again,
    prove_all,
    walk,
)
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.kit.spreadsheet import safe_cell
from tradelane.ledger.model import verify_receipt
from tradelane.ledger.notes import Note, open_checkpoint
from tradelane.trade.table import split_subject, subject_of_declaration
from tradelane.web import pages
from tradelane.web.access import Allow, Asking, check_form

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(include_in_schema=False)
Reader = Annotated[Asking, Depends(Allow(Scope.AUDIT_READ))]
PAGE = 50
MOST_DOWNLOADED = 10_000
MOST_FOUND = 100
MOST_VERIFIED = 100_000
"""Entries of a ledger that is verified within a request; a larger one takes minutes."""
_one_replay = threading.Lock()
"""A replay loads a model and its history; two at a time could exhaust a small machine."""


# ---------------------------------------------------------------- finding


@router.get("/audit")
def search(request: Request, asker: Reader) -> Response:
    """What a reference, declarant, subject or entry number stands for."""
    lane: Tradelane = request.app.state.lane
    text = request.query_params.get("q", "").strip().replace("\0", "")[:300]
    with lane.database.read() as tx:
        size = lane.ledger.size(tx)
        found = _find(lane, tx, text) if text else []
    if len(found) == 1:
        return RedirectResponse(found[0]["href"], 303)
    return pages.render(
        request, "audit/search.html", text=text, found=found, size=size, most=MOST_FOUND
    )


def _find(lane: Tradelane, tx: Any, text: str) -> list[dict[str, str]]:
    found: dict[tuple[str, str], None] = {}
    entries = []
    if text.isascii() and text.isdecimal() and len(text) < 16 and int(text) < lane.ledger.size(tx):
        entries.append({"href": f"/audit/entries/{int(text)}", "kind": "entry", "what": text})
    for subject in (text, f"{text}/1"):
        if stored := lane.ledger.find(tx, subject):
            key = _declaration_of(subject)
            if key is not None:
                found[key] = None
            else:
                index = stored[0].index
                entries.append(
                    {"href": f"/audit/entries/{index}", "kind": "entry", "what": subject}
                )
    for kept in lane.declarations.find_by_reference(tx, text):
        found[kept.declaration.key] = None
    for one in lane.declarations.of_declarants(tx, [text], limit=MOST_FOUND):
        found[one.declarant, one.reference] = None
    listed = [
        {"href": walk_page(*key), "kind": "declaration", "what": f"{key[1]} ({key[0]})"}
        for key in list(found)[:MOST_FOUND]
    ]
    return entries + listed


def _declaration_of(subject: str) -> tuple[str, str] | None:
    """Declarant and reference of a subject of a declaration or a line."""
    parts = subject.count("/")
    try:
        if parts == 1 and not subject.startswith("batch/"):
            return split_subject(f"{subject}/1")[:2]
        return split_subject(subject)[:2] if parts == 2 else None
    except ValueError:
        return None


def walk_page(declarant: str, reference: str) -> str:
    """Where a decision is walked back."""
    query = urlencode({"declarant": declarant, "reference": reference})
    return f"/audit/declarations?{query}"


# ---------------------------------------------------------------- one declaration


@router.get("/audit/declarations")
def declaration(
    request: Request, asker: Reader, declarant: str = "", reference: str = ""
) -> Response:
    """Every entry of a declaration and of its lines."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = walk(lane, tx, *_clean(declarant, reference))
    return _walk_page(request, found)


@router.post("/audit/declarations/replay", dependencies=[Depends(check_form)])
async def replay(request: Request, asker: Reader) -> Response:
    """Make its decisions again."""
    lane: Tradelane = request.app.state.lane
    key = await _key(request)

    def work() -> Response:
        with _one_replay, lane.database.read() as tx:
            found = walk(lane, tx, *key)
            report = make_again(lane, tx, found.line_subjects)
        return _walk_page(request, found, report=report)

    return await run_in_threadpool(work)


@router.post("/audit/declarations/check", dependencies=[Depends(check_form)])
async def check(request: Request, asker: Reader) -> Response:
    """Check the proof of every entry against the newest signed checkpoint."""
    lane: Tradelane = request.app.state.lane
    key = await _key(request)

    def work() -> Response:
        with lane.database.read() as tx:
            found = walk(lane, tx, *key)
            sound, broken = prove_all(lane, tx, found.entries)
        return _walk_page(request, found, sound=sound, broken=broken)

    return await run_in_threadpool(work)


async def _key(request: Request) -> tuple[str, str]:
    form = await request.form()
    return _clean(str(form.get("declarant", "")), str(form.get("reference", "")))


def _clean(declarant: str, reference: str) -> tuple[str, str]:
    return declarant.replace("\0", "")[:300], reference.replace("\0", "")[:300]


def _walk_page(request: Request, found: Walk, **results: Any) -> Response:
    lane: Tradelane = request.app.state.lane
    cards = {}
    missing = {basis.batch_id: basis_missing(lane, basis) for basis in found.bases}
    for basis in found.bases:
        if basis.settings and not missing[basis.batch_id]:
            cards[basis.batch_id] = lane.registry.card(basis.settings["model"])
    return pages.render(
        request,
        "audit/walk.html",
        walk=found,
        whole=subject_of_declaration(found.declarant, found.reference),
        leaf_of=leaf_of,
        missing=missing,
        cards=cards,
        results={"report": None, "sound": None, "broken": [], **results},
    )


# ---------------------------------------------------------------- one entry


@router.get("/audit/entries/{index}")
def entry(request: Request, asker: Reader, index: int) -> Response:
    """An entry with its proof, checked now."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        stored = lane.ledger.get(tx, _known(index))
        error: TradelaneError | None = None
        try:
            receipt = lane.ledger.prove(tx, index)
            checked = verify_receipt(receipt, lane.ledger.verifier_keys)
        except TradelaneError as broken:
            receipt, checked, error = None, None, broken
        size = lane.ledger.size(tx)
    key = _declaration_of(stored.entry.subject)
    return pages.render(
        request,
        "audit/entry.html",
        stored=stored,
        leaf=leaf_of(stored),
        receipt=receipt,
        checked=checked,
        size=size,
        walk_href=walk_page(*key) if key else "",
        problems=[] if error is None else pages.problems_of(error),
    )


@router.get("/audit/entries/{index}/receipt.json")
def receipt(request: Request, asker: Reader, index: int) -> Response:
    """The receipt of an entry, which anyone can check without us."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        found = lane.ledger.prove(tx, _known(index)).to_dict()
    return _file(orjson.dumps(found, option=orjson.OPT_INDENT_2), f"receipt-{index}.json")


def _known(index: int) -> int:
    if not 0 <= index < 2**62:
        raise InputRefused(Problem("ledger.index_unknown", f"The ledger has no entry {index}."))
    return index


# ---------------------------------------------------------------- the ledger


@router.get("/audit/ledger")
def ledger(request: Request, asker: Reader) -> Response:
    """Its size, newest checkpoint and key."""
    return _ledger_page(request)


@router.post("/audit/ledger/verify", dependencies=[Depends(check_form)])
async def verify(request: Request, asker: Reader) -> Response:
    """Read and check everything, where that takes seconds."""
    lane: Tradelane = request.app.state.lane

    def work() -> Response:
        with _one_replay, lane.database.read() as tx:
            if lane.ledger.size(tx) > MOST_VERIFIED:
                return _ledger_page(request)
            report = lane.ledger.verify(tx)
        return _ledger_page(request, report=report)

    return await run_in_threadpool(work)


@router.get("/audit/ledger/consistency.json")
def consistency(request: Request, asker: Reader, old: int) -> Response:
    """The proof that the ledger now begins with the one of ``old`` entries."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        proof = lane.ledger.prove_consistency(tx, old if 0 <= old < 2**62 else -1)
        note = lane.ledger.latest_checkpoint(tx)
    body = {
        "old": proof.old,
        "new": proof.new,
        "path": [step.hex() for step in proof.path],
        "checkpoint": note,
        "verifier_key": str(lane.ledger.verifier_keys),
    }
    return _file(orjson.dumps(body, option=orjson.OPT_INDENT_2), f"consistency-{old}.json")


def _ledger_page(request: Request, **results: Any) -> Response:
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        size = lane.ledger.size(tx)
        note = lane.ledger.latest_checkpoint(tx)
    signed = None if note is None else open_checkpoint(note, lane.ledger.verifier_keys)
    return pages.render(
        request,
        "audit/ledger.html",
        size=size,
        note=note,
        text=None if note is None else Note.parse(note).text,
        signed=signed,
        key=lane.ledger.verifier_key,
        most=MOST_VERIFIED,
        report=results.get("report"),
    )


# ---------------------------------------------------------------- decisions


@router.get("/audit/decisions")
def list_decisions(request: Request, asker: Reader) -> Response:
    """Officers' decisions, filtered."""
    lane: Tradelane = request.app.state.lane
    given = request.query_params
    problems: list[dict[str, Any]] = []
    found: list[Decided] = []
    following = ""
    try:
        wanted, after = _wanted(given)
        with lane.database.read() as tx:
            found = decisions(lane, tx, wanted, after, PAGE + 1)
        if len(found) > PAGE:
            found = found[:PAGE]
            following = _query(given, after=found[-1].found.place.text())
    except InputRefused as error:
        problems = pages.problems_of(error)
    return pages.render(
        request,
        "audit/decisions.html",
        422 if problems else 200,
        found=found,
        given={name: given.get(name, "") for name in _FILTER},
        query=_query(given),
        first=_query(given) if given.get("after") else None,
        following=following,
        walk_page=walk_page,
        problems=problems,
    )


@router.get("/audit/decisions.{kind}")
def download_decisions(request: Request, asker: Reader, kind: str) -> Response:
    """The filtered decisions as their entries have them, as CSV or JSON."""
    if kind not in ("csv", "json"):
        raise InputRefused(Problem("web.no_page", "Decisions are given as csv or json."))
    lane: Tradelane = request.app.state.lane
    wanted, after = _wanted(request.query_params)
    with lane.database.read() as tx:
        found = decisions(lane, tx, wanted, after, MOST_DOWNLOADED)
    rows = [_row(one) for one in found if one.stored is not None]
    if kind == "json":
        return _file(orjson.dumps(rows), "decisions.json")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow("" if v is None else safe_cell(str(v)) for v in row.values())
    return _file(out.getvalue().encode(), "decisions.csv")


_FILTER = ("officer", "against", "from", "to")
_FACTS = (
    "case",
    "version",
    "decision",
    "recommendation",
    "against_recommendation",
    "opened_page",
    "reason",
    "officer",
    "before",
    "after",
    "seen",
)
_COLUMNS = ("index", "at", "subject", *_FACTS)


def _row(one: Decided) -> dict[str, Any]:
    assert one.stored is not None
    found = one.stored.entry
    facts = {name: found.body.get(name) for name in _FACTS}
    return {"index": one.stored.index, "at": found.at, "subject": found.subject, **facts}


def _wanted(given: Mapping[str, str]) -> tuple[DecisionFilter, DecisionPlace | None]:
    days: dict[str, dt.date | None] = {}
    for name in ("from", "to"):
        try:
            days[name] = dt.date.fromisoformat(given[name]) if given.get(name) else None
        except ValueError:
            raise InputRefused(
                Problem(
                    "oversight.day",
                    f"{given[name][:20]!r} is not a day.",
                    pointer=f"/{name}",
                    hint="Write it like 2026-10-30.",
                )
            ) from None
    start, last = days["from"], days["to"]
    end = None if last is None or last == dt.date.max else last + dt.timedelta(days=1)
    if start is not None and end is not None:
        checked_period(start, end, 36_600)
    login = given.get("officer", "").strip().replace("\0", "")[:100]
    after = DecisionPlace.read(given["after"]) if given.get("after") else None
    return DecisionFilter(login=login, against=given.get("against") == "1", start=start, end=end), (
        after
    )


def _query(given: Mapping[str, str], **more: str) -> str:
    kept = {name: given[name] for name in _FILTER if given.get(name)}
    return urlencode({**kept, **more})


def _file(data: bytes, name: str) -> Response:
    media = "text/csv" if name.endswith(".csv") else "application/json"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media, headers=headers)
