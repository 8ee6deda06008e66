"""Codes for descriptions over the API: one, up to a thousand at once, or lines as they come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tradelane.classification.facets import NOT_KNOWN
from tradelane.classification.model import CODE, DECISIONS, TOO_GENERIC
from tradelane.journeys.code_rates import ORIGIN, tariffs
from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import read_date
from tradelane.nomenclature.model import SHIPPED_EDITION
from tradelane.trade.identifiers import ASSIGNED_ECONOMIES
from tradelane.web import shapes
from tradelane.web.access import SIGNED_IN, Asking
from tradelane.web.bodies import only, own_site, parse_object, read_bytes, read_object
from tradelane.web.classifier import AT_ONCE, Classifier, classifier_of
from tradelane.web.limiting import limited
from tradelane.web.schemas import body

router = APIRouter(
    prefix="/api/v1", tags=["reference"], dependencies=[Depends(limited), Depends(own_site)]
)
Anyone = Annotated[Asking, Depends(SIGNED_IN)]

MOST_TEXTS = 1_000
MOST_LINES = 5_000
MOST_BYTES = 8 << 20
LONGEST = 4_000
MOST_RANKS = 10
NDJSON = "application/x-ndjson"

_RANKED = shapes.shape(
    _optional=("duty",),
    code=shapes.TEXT,
    level={**shapes.TEXT, "enum": ["subheading", "heading"]},
    probability={**shapes.TEXT, "description": "0 to 1, with four digits."},
    wording=shapes.TEXT,
    path={"type": "array", "items": shapes.shape(code=shapes.TEXT, wording=shapes.TEXT)},
    reasons={"type": "array", "items": shapes.TEXT},
    evidence={"type": "array", "items": shapes.FREE},
    duty={
        **shapes.MAYBE_TEXT,
        "description": "With `territory`: the rate without preference, reliefs and taxes, as the "
        "tariff has it; null where it is not known for six digits.",
    },
)
_RATES = shapes.shape(
    territory=shapes.TEXT,
    name=shapes.TEXT,
    origin=shapes.TEXT,
    date={**shapes.TEXT, "format": "date"},
)
SUGGESTION = shapes.shape(
    _optional=("rates",),
    text=shapes.TEXT,
    decision={**shapes.TEXT, "enum": list(DECISIONS)},
    ranked={"type": "array", "items": _RANKED},
    headings={"type": "array", "items": _RANKED},
    question={
        "type": ["object", "null"],
        "description": "What to answer under `answers`: `facet` is the name, `options` the values.",
    },
    notes={"type": "array", "items": shapes.TEXT},
    goods={"type": "array", "items": shapes.TEXT},
    facets={
        **shapes.FREE,
        "description": "What the text or an answer gives away; empty where asked and not known.",
    },
    rates=_RATES,
)
_FOUND = shapes.shape(edition=shapes.TEXT, items={"type": "array", "items": SUGGESTION})
_ASKED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": LONGEST},
        "texts": {
            "type": "array",
            "maxItems": MOST_TEXTS,
            "items": {"type": "string", "maxLength": LONGEST},
        },
        "answers": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "For one text: the facet of a question to the value that was answered. "
            f"`{NOT_KNOWN}` passes to the next question, whatever was asked.",
        },
        "territory": {"type": "string", "description": "Show its rates of duty: a pack's name."},
        "origin": {"type": "string", "description": "With territory: ISO 3166-1, two letters."},
        "date": {"type": "string", "format": "date", "description": "Today, if it is not given."},
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST_RANKS},
    },
    "additionalProperties": False,
}
_BODY = body(
    _ASKED,
    {
        "text": "men's cotton T-shirt",
        "answers": {"made": "knitted", "state": NOT_KNOWN},
        "limit": 1,
    },
)
_BODY["requestBody"]["content"][NDJSON] = {
    "schema": {"type": "string", "description": "An object with a text a line."},
    "example": '{"text": "men\'s cotton T-shirt"}\n{"text": "gift"}\n',
}
_TERM = {
    "kind": "term",
    "text": "t-shirt",
    "source": "glossary",
    "place": "en-apparel.csv:409",
    "code": "610910",
}
_SHIRT = {
    "text": "men's cotton T-shirt",
    "decision": CODE,
    "ranked": [
        {
            "code": "610910",
            "level": "subheading",
            "probability": "0.6366",
            "wording": "T-shirts, singlets and other vests; of cotton, knitted or crocheted",
            "path": [
                {"code": "XI", "wording": "Textiles and textile articles"},
                {
                    "code": "61",
                    "wording": "Apparel and clothing accessories; knitted or crocheted",
                },
                {
                    "code": "6109",
                    "wording": "T-shirts, singlets and other vests; knitted or crocheted",
                },
                {
                    "code": "610910",
                    "wording": "T-shirts, singlets and other vests; of cotton, knitted or "
                    "crocheted",
                },
            ],
            "reasons": ["“t-shirt” usually means 6109.10."],
            "evidence": [_TERM],
        }
    ],
    "headings": [],
    "question": None,
    "notes": [],
    "goods": [],
    "facets": {"material": ["cotton"], "wearer": ["men"], "made": ["knitted"], "state": []},
}
_GIFT = {
    "text": "gift",
    "decision": TOO_GENERIC,
    "ranked": [],
    "headings": [],
    "question": {
        "text": "What is the gift itself?",
        "facet": "",
        "options": [],
        "gain": "0.000",
    },
    "notes": ["A gift is classified as the thing that it is."],
    "goods": [],
    "facets": {},
}
EXAMPLE = {"edition": SHIPPED_EDITION, "items": [_SHIRT]}
LINES = "".join(orjson.dumps(one).decode() + "\n" for one in (_SHIRT, _GIFT))
_ANSWERS = shapes.answers(_FOUND, 401, 403, 413, 415, 422, 429, 503, example=EXAMPLE)
_ANSWERS[200]["content"][NDJSON] = {
    "schema": {"type": "string", "description": "What is said of each line, in their order."},
    "example": LINES,
}


@router.post(
    "/classify", summary="Find codes for descriptions", openapi_extra=_BODY, responses=_ANSWERS
)
async def classify(request: Request, asker: Anyone) -> Response:
    """Ranked subheadings of HS 2022 for one `text` or up to 1,000 `texts`, each with its
    probability, path and evidence; `decision` says whether a code can be said, only its heading, or
    what has to be asked first. With `territory` and `origin` each has its rate of duty. NDJSON, up
    to 5,000 lines with a `text` each, is answered line by line. Facts from wordings and examples;
    customs decides."""
    classifier = classifier_of(request)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == NDJSON:
        texts = _lines(await read_bytes(request, MOST_BYTES))
        await run_in_threadpool(classifier.wait)
        return StreamingResponse(_said(classifier, texts), media_type=NDJSON)
    given = await read_object(request, MOST_BYTES)
    only(given, "text", "texts", "answers", "limit", "territory", "origin", "date")
    texts, answers, limit = _texts(given), _answers(given), _limit(given)
    where = _where(given)
    lane = request.app.state.lane

    def work() -> list[dict[str, Any]]:
        rates = None if where is None else lane.code_rates(*where)
        possible = classifier.wait().answers
        for name, value in answers.items():
            if wrong := possible.wrong(name, value):
                raise _refused(wrong, "/answers")
        if len(texts) == 1:
            found = [classifier.suggest(texts[0], answers, limit)]
        else:
            found = classifier.suggest_many(texts, limit)
        items = [one.content() for one in found]
        return items if rates is None else [rates.beside(one) for one in items]

    return JSONResponse({"edition": SHIPPED_EDITION, "items": await run_in_threadpool(work)})


def _said(classifier: Classifier, texts: Sequence[str]) -> Iterator[bytes]:
    for start in range(0, len(texts), AT_ONCE):
        found = classifier.suggest_many(texts[start : start + AT_ONCE])
        yield b"".join(orjson.dumps(one.content()) + b"\n" for one in found)


def _lines(data: bytes) -> list[str]:
    lines = data.splitlines()
    if len(lines) > MOST_LINES:
        raise _refused(f"One request takes at most {MOST_LINES:,} lines.", "")
    found: list[str] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(_text(parse_object(line).get("text"), f"/{len(found)}/text"))
            except InputRefused as error:
                raise InputRefused(replace(one, line=number) for one in error.problems) from None
    return found


def _texts(given: dict[str, Any]) -> list[str]:
    if ("text" in given) == ("texts" in given):
        raise _refused("The body has either a text or texts.", "/text")
    if "text" in given:
        return [_text(given["text"], "/text")]
    texts = given["texts"]
    if not isinstance(texts, list) or len(texts) > MOST_TEXTS:
        raise _refused(f"The field 'texts' has to be a list of at most {MOST_TEXTS:,}.", "/texts")
    return [_text(one, f"/texts/{at}") for at, one in enumerate(texts)]


def _text(value: Any, pointer: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise _refused(f"A description has to be text of up to {LONGEST:,} characters.", pointer)
    return value


def _answers(given: dict[str, Any]) -> dict[str, str]:
    found = given.get("answers", {})
    good = isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
    if not good or (found and "text" not in given):
        raise _refused("Answers are for one text: facet to value.", "/answers")
    return dict(found)


def _where(given: dict[str, Any]) -> tuple[str, str, dt.date | None] | None:
    """Territory, origin and day of the rates that are wanted, or None."""
    wanted = {name: given.get(name, "") for name in ("territory", "origin", "date")}
    for name, value in wanted.items():
        if not isinstance(value, str):
            raise _refused(f"The field {name!r} has to be text.", f"/{name}")
    if not any(wanted.values()):
        return None
    known = [name for name, _called in tariffs()]
    if wanted["territory"] not in known:
        raise _refused(f"Rates of duty are known of: {', '.join(known)}.", "/territory")
    if wanted["origin"].upper() not in ASSIGNED_ECONOMIES:
        raise _refused(ORIGIN.message, "/origin")
    try:
        return wanted["territory"], wanted["origin"], read_date(wanted["date"])
    except ValueError:
        raise _refused("The field 'date' has to be a day such as 2026-06-01.", "/date") from None


def _limit(given: dict[str, Any]) -> int:
    found = given.get("limit", 5)
    if type(found) is not int or not 1 <= found <= MOST_RANKS:
        raise _refused(f"The field 'limit' has to be 1 to {MOST_RANKS}.", "/limit")
    return found


def _refused(message: str, pointer: str) -> InputRefused:
    return InputRefused(Problem("web.field", message, pointer=pointer))
