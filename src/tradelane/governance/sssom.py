"""Mappings as SSSOM tables (Simple Standard for Sharing Ontological Mappings): write and read.

The provision (or the framework's element) is the subject, the objective the object. A subject that
asks for a part only has an object that is broader: ``skos:broadMatch``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tradelane.governance.corpus import Corpus
from tradelane.governance.model import Mapping
from tradelane.governance.vocabulary import NOT_REVIEWED
from tradelane.kit.errors import InputRefused, Problem

PREDICATES = {
    "equal": "skos:exactMatch",
    "subset": "skos:broadMatch",
    "superset": "skos:narrowMatch",
    "intersects": "skos:relatedMatch",
    "contradicts": "tradelane:contradicts",
}
_RELATIONS = {
    **{predicate: relation for relation, predicate in PREDICATES.items()},
    "skos:closeMatch": "intersects",
}
JUSTIFICATION = "semapv:ManualMappingCuration"
UNREVIEWED_JUSTIFICATION = "semapv:UnspecifiedMatching"
"""Of a mapping that nobody has reviewed: what the corpus was shipped with."""
COLUMNS = (
    "subject_id",
    "subject_label",
    "predicate_id",
    "object_id",
    "object_label",
    "mapping_justification",
    "confidence",
    "reviewer_label",
    "mapping_date",
    "subject_source_version",
    "object_source_version",
    "comment",
)
_NEEDED = ("subject_id", "predicate_id", "object_id", "mapping_justification")
_STRONG, _WEAK = "0.9", "0.5"


class Row(NamedTuple):
    """One mapping of a table; ``line`` is where it was read."""

    subject: str
    mapping: Mapping
    reviewer: str = ""
    reviewed_on: str = ""
    comment: str = ""
    subject_label: str = ""
    line: int = 0


def write(set_id: str, title: str, rows: Iterable[Row], corpus: Corpus) -> str:
    """A mapping set with its metadata in the comment lines before the table.

    ``set_id``: what subjects are called before the colon ("provision", "nist-ai-rmf").
    """
    head = [
        "curie_map:",
        f"  {set_id}: https://w3id.org/tradelane/governance/{set_id}/",
        "  objective: https://w3id.org/tradelane/governance/objective/",
        "  tradelane: https://w3id.org/tradelane/governance/relation/",
        "  skos: http://www.w3.org/2004/02/skos/core#",
        "  semapv: https://w3id.org/semapv/vocab/",
        f"mapping_set_id: https://w3id.org/tradelane/governance/sets/{set_id}",
        f"mapping_set_title: {title}",
        f"mapping_set_version: {corpus.version}",
        "license: https://creativecommons.org/publicdomain/zero/1.0/",
    ]
    out = io.StringIO()
    out.writelines(f"#{line}\n" for line in head)
    table = csv.writer(out, dialect="excel-tab", lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow(
            (
                f"{set_id}:{row.subject}",
                row.subject_label,
                PREDICATES[row.mapping.relation],
                f"objective:{row.mapping.objective}",
                corpus.objectives[row.mapping.objective].statement,
                JUSTIFICATION if row.reviewer else UNREVIEWED_JUSTIFICATION,
                _WEAK if row.mapping.weak else _STRONG,
                row.reviewer or NOT_REVIEWED,
                row.reviewed_on,
                corpus.version,
                corpus.version,
                row.comment,
            )
        )
    return out.getvalue()


def provision_rows(corpus: Corpus) -> Iterator[Row]:
    """The mappings of all provisions."""
    for one in corpus.provisions.values():
        for mapping in one.objectives:
            yield Row(one.id, mapping, "", one.verified_on, one.note, one.statement)


def crosswalk_rows(corpus: Corpus, framework: str) -> Iterator[Row]:
    """The mappings of a framework."""
    elements = corpus.frameworks[framework].elements
    for one in corpus.crosswalks:
        if one.framework == framework:
            yield Row(
                one.element,
                one.mapping,
                one.reviewer,
                one.reviewed_on,
                one.basis,
                elements[one.element].title,
            )


def read(text: str, corpus: Corpus, name: str = "the table") -> tuple[list[Row], list[Problem]]:
    """The rows of an SSSOM table that map to our objectives, and what is wrong with others.

    Reported: ids that do not exist (any more), predicates without a meaning here, rows without a
    justification. Errors: InputRefused ``governance.sssom`` if it is no such table.
    """
    lines = text.splitlines()
    skipped = sum(1 for _ in _comments(lines))
    table = csv.DictReader(lines[skipped:], dialect="excel-tab", restkey="", restval="")
    missing = [column for column in _NEEDED if column not in (table.fieldnames or ())]
    if missing:
        raise InputRefused(
            Problem(
                "governance.sssom",
                f"{name} lacks the column {missing[0]}.",
                line=skipped + 1,
                hint=f"Columns: {', '.join(_NEEDED)}, separated by tabs.",
            )
        )
    rows: list[Row] = []
    problems: list[Problem] = []
    for cells in table:
        line = skipped + table.line_num
        found = _row(cells, corpus, line, name)
        if isinstance(found, Row):
            rows.append(found)
        else:
            problems.append(found)
    return rows, problems


def _comments(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("#"):
            return
        yield line


def _row(cells: dict[str, str], corpus: Corpus, line: int, name: str) -> Row | Problem:
    relation = _RELATIONS.get(cells["predicate_id"])
    if relation is None:
        return Problem(
            "governance.unknown_value",
            f"{name}: {cells['predicate_id']!r} is no predicate that has a meaning here.",
            "/predicate_id",
            line,
            hint=f"One of: {', '.join(_RELATIONS)}.",
        )
    if not cells["mapping_justification"]:
        return Problem(
            "governance.missing_key",
            f"{name}: a mapping says how it came about.",
            "/mapping_justification",
            line,
            hint=f"For instance {JUSTIFICATION}.",
        )
    kind, _, subject = cells["subject_id"].partition(":")
    objective = cells["object_id"].removeprefix("objective:")
    known = (
        corpus.provisions
        if kind == "provision"
        else corpus.frameworks[kind].elements
        if kind in corpus.frameworks
        else ()
    )
    for column, value, there in (
        ("subject_id", subject, known),
        ("object_id", objective, corpus.objectives),
    ):
        if value not in there:
            return Problem(
                "governance.dead_id",
                f"{name}: {cells[column]!r} does not exist (any more).",
                f"/{column}",
                line,
                hint="Ids are never reused: map to what replaced it, or remove the row.",
            )
    weak = cells.get("confidence", "") not in ("", "1") and float(cells["confidence"]) < 0.7
    return Row(
        subject,
        Mapping(relation, objective, weak),
        "" if cells.get("reviewer_label") == NOT_REVIEWED else cells.get("reviewer_label", ""),
        cells.get("mapping_date", ""),
        cells.get("comment", ""),
        cells.get("subject_label", ""),
        line,
    )
