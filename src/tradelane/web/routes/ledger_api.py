"""The ledger for anyone: check a receipt, take its signed head, prove that it only grew."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tradelane.accounts.model import Scope
from tradelane.journeys.receipts import check
from tradelane.kit.clock import stamp
from tradelane.kit.errors import InputRefused, Problem
from tradelane.ledger.model import Receipt
from tradelane.ledger.notes import open_checkpoint
from tradelane.web import shapes
from tradelane.web.access import PUBLIC, Allow, Asking
from tradelane.web.bodies import read_object
from tradelane.web.limiting import limited, limited_by_address
from tradelane.web.schemas import body

if TYPE_CHECKING:
    from tradelane.platform import Tradelane

router = APIRouter(prefix="/api/v1", tags=["ledger"], dependencies=[Depends(limited)])
ANYONE = Annotated[Asking, Depends(PUBLIC)]
AUDITOR = Annotated[Asking, Depends(Allow(Scope.AUDIT_READ))]
_SIZE = 2**53

_CHECKPOINT = shapes.shape(
    size={**shapes.COUNT, "description": "How many entries are signed."},
    root={**shapes.TEXT, "description": "The root over them, in base64."},
    signed_at=shapes.MAYBE_STAMP,
    note={**shapes.TEXT, "description": "The signed note (C2SP tlog-checkpoint)."},
    verifier_key=shapes.TEXT,
)
_PROOF = shapes.shape(
    old=shapes.COUNT,
    new=shapes.COUNT,
    path={"type": "array", "items": shapes.TEXT, "description": "Hashes in base64."},
)
_VERDICT = shapes.shape(
    valid={
        "type": "boolean",
        "description": "Whether it is signed with this ledger's key and proves its entry.",
    },
    in_ledger={
        "type": "boolean",
        "description": "Whether this ledger has that very entry at that place now.",
    },
    index={"type": ["integer", "null"]},
    at=shapes.MAYBE_STAMP,
    kind=shapes.MAYBE_TEXT,
    subject=shapes.MAYBE_TEXT,
    signed_at=shapes.MAYBE_STAMP,
    size={"type": ["integer", "null"], "description": "Of the ledger when it was signed."},
    problem={"type": ["object", "null"], "description": "Why it is not valid."},
)


@router.post(
    "/receipts/verify",
    summary="Check a receipt",
    dependencies=[Depends(limited_by_address)],
    openapi_extra=body(shapes.RECEIPT),
    responses=shapes.answers(_VERDICT, 413, 415, 422, 429),
)
async def verify(request: Request, asker: ANYONE) -> Response:
    """Says whether a receipt is genuine: whether this ledger's key signed it, which entry it
    proves, and since when. For anyone, without an account, 60 times a minute from one address. It
    can be checked without us too, which is what it is for: `tradelane ledger verify-receipt`."""
    receipt = Receipt.from_dict(await read_object(request))
    lane: Tradelane = request.app.state.lane
    return JSONResponse(await run_in_threadpool(verdict, lane, receipt))


def verdict(lane: Tradelane, receipt: Receipt) -> dict[str, Any]:
    """What checking a receipt found, as JSON values."""
    with lane.database.read() as tx:
        found = check(lane, tx, receipt)
    problem = None if found.problem is None else found.problem.to_dict()
    return asdict(found) | {"problem": problem}


@router.get(
    "/ledger/checkpoint",
    summary="Get the ledger's signed head",
    responses=shapes.answers(_CHECKPOINT, 404, 429),
)
def get_checkpoint(request: Request, asker: ANYONE) -> Response:
    """The newest checkpoint. Whoever keeps one can show later that nothing before it was changed or
    removed."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        note = lane.ledger.latest_checkpoint(tx)
    if note is None:
        raise InputRefused(
            Problem("ledger.checkpoint_unknown", "The ledger has no checkpoint yet.")
        )
    signed = open_checkpoint(note, lane.ledger.verifier_keys)
    return JSONResponse(
        {
            "size": signed.checkpoint.size,
            "root": base64.b64encode(signed.checkpoint.root).decode(),
            "signed_at": None if signed.at is None else stamp(signed.at),
            "note": note,
            "verifier_key": str(lane.ledger.verifier_keys),
        }
    )


@router.get(
    "/ledger/key",
    summary="Get the ledger's public key",
    responses=shapes.answers(shapes.shape(verifier_key=shapes.TEXT), 429),
)
def get_key(request: Request, asker: ANYONE) -> Response:
    """The key that checkpoints and receipts are checked with. Take it once, by a way that you
    trust, and keep it: a key that comes with what it vouches for vouches for nothing."""
    return JSONResponse({"verifier_key": str(request.app.state.lane.ledger.verifier_keys)})


@router.get(
    "/ledger/proof",
    summary="Prove that the ledger only grew",
    responses=shapes.answers(_PROOF, 404, 422, 429),
)
def get_consistency_proof(
    request: Request,
    asker: ANYONE,
    old: Annotated[int, Query(ge=0, le=_SIZE, description="Size of the checkpoint you kept.")],
    new: Annotated[
        int | None, Query(ge=0, le=_SIZE, description="Of a later one; left out, of the newest.")
    ] = None,
) -> Response:
    """The hashes that lead from one checkpoint's root to a later one's (RFC 9162, 2.1.4)."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        proof = lane.ledger.prove_consistency(tx, old, new)
    path = [base64.b64encode(step).decode() for step in proof.path]
    return JSONResponse({"old": proof.old, "new": proof.new, "path": path})


@router.get(
    "/ledger/entries/{index}/receipt",
    summary="Get the receipt of any entry",
    responses=shapes.answers(shapes.RECEIPT, 401, 403, 404, 422, 429),
)
def get_entry_receipt(
    request: Request, asker: AUDITOR, index: Annotated[int, Path(ge=0, le=_SIZE)]
) -> Response:
    """For auditors: a receipt under the newest checkpoint."""
    lane: Tradelane = request.app.state.lane
    with lane.database.read() as tx:
        return JSONResponse(lane.ledger.prove(tx, index).to_dict())
