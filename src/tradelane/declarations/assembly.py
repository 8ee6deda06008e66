"""Rows into declarations: consecutive rows with the same declarant and reference are one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from tradelane.declarations.cells import CellRefused, plain
from tradelane.declarations.model import Codes, Filing, Limits
from tradelane.declarations.plan import Plan, Slot
from tradelane.kit.errors import Problem
from tradelane.trade.declaration import Declaration, GoodsLine, Outcome
from tradelane.trade.hscode import show_code

_SEEN_CODES = 50_000


class RawRow(NamedTuple):
    """A row before it is read: its first line in the file, and its cells or what is wrong.

    ``document``: not 0 for the lines of one nested document, which are one declaration.
    """

    line: int
    cells: list[str] | None
    problem: Problem | None = None
    document: int = 0


@dataclass(slots=True)
class _Group:
    """The rows of one declaration so far."""

    first_row: int
    line: int
    document: int
    key: tuple[str, str]
    raw: Any = None
    header: list[Any] | None = None
    extra: dict[str, str] = field(default_factory=dict)
    lines: list[GoodsLine] = field(default_factory=list)
    outcomes: list[Outcome | None] = field(default_factory=list)
    problems: list[tuple[Problem, ...]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    """The file line of each row."""
    bad: bool = False
    notes: list[Problem] = field(default_factory=list)


def assemble(
    rows: Iterable[RawRow], plan: Plan, codes: Codes, limits: Limits, first_row: int
) -> Iterator[Filing]:
    """The filings of a stream of rows, in order; the rows count on from ``first_row``."""
    assembly = _Assembly(plan, codes, limits, first_row)
    for row in rows:
        done = assembly.add(row)
        if done is not None:
            yield done
    last = assembly.flush()
    if last is not None:
        yield last


class _Assembly:
    def __init__(self, plan: Plan, codes: Codes, limits: Limits, first_row: int) -> None:
        self.plan = plan
        self.codes = codes
        self.limits = limits
        self.row = first_row
        self.group: _Group | None = None
        self.seen: dict[tuple[str, dt.date], tuple[bool, str]] = {}
        self.header_cells: Callable[[list[str]], Any] = itemgetter(*plan.header_columns)
        self.header_reads = [(slot.index, slot.read) for slot in plan.header]
        self.line_reads = [(slot.index, slot.read) for slot in plan.line]

    def add(self, row: RawRow) -> Filing | None:
        """Take a row; the filing that it ended, if it ended one."""
        cells = row.cells
        done: Filing | None = None
        if cells is None or row.problem is not None:
            done = self._place(row, self._best_key(cells), None)
            self._bad_row(row, (row.problem,) if row.problem else ())
            self.row += 1
            return done
        group = self.group
        raw = self.header_cells(cells)
        if (
            group is None
            or raw != group.raw
            or row.document != group.document
            or not (group.key[0] and group.key[1])
        ):
            done = self._place(row, self.plan.key(cells), raw)
            group = self.group
            assert group is not None
            problems = self._header(group, row, cells, raw)
            if problems:
                problems += self._line_problems(cells, row)
                self._bad_row(row, problems)
                self.row += 1
                return done
        if group.header is None or len(group.rows) >= self.limits.lines_per_declaration:
            self._bad_row(row, self._line_problems(cells, row) if group.header is None else ())
        else:
            self._line(group, row, cells)
        self.row += 1
        return done

    def flush(self) -> Filing | None:
        """The filing of the rows at hand, if there are any."""
        group, self.group = self.group, None
        if group is None:
            return None
        self._together(group)
        if group.bad or group.header is None:
            return self._refused(group)
        reference, declarant, day, importer, *rest = group.header
        fields: tuple[Any, ...] = (*rest, group.extra)
        declaration = Declaration(reference, declarant, day, importer, tuple(group.lines), *fields)
        return Filing(
            group.first_row,
            len(group.rows),
            group.line,
            declarant,
            reference,
            declaration,
            tuple(group.outcomes),
            (),
            tuple(group.notes),
        )

    def _refused(self, group: _Group) -> Filing:
        rows: list[tuple[Problem, ...]] = []
        for line, problems in zip(group.rows, group.problems, strict=True):
            rows.append(
                problems
                or (
                    Problem(
                        "declarations.sibling_rejected",
                        "Another line of this declaration is wrong, so it was rejected whole.",
                        line=line,
                        hint="Correct that line and file the declaration again.",
                    ),
                )
            )
        return Filing(
            group.first_row,
            len(group.rows),
            group.line,
            plain(group.key[0], self.limits.identifier),
            plain(group.key[1], self.limits.identifier),
            None,
            row_problems=tuple(rows),
        )

    def _place(self, row: RawRow, key: tuple[str, str], raw: Any) -> Filing | None:
        """Make the group that the row belongs to the current one."""
        group = self.group
        if group is not None and group.document == row.document:
            if row.document:
                return None
            if key[0] and key[1] and key == group.key:
                return None
        done = None if group is None else self.flush()
        self.group = _Group(self.row, row.line, row.document, key, raw)
        return done

    def _best_key(self, cells: list[str] | None) -> tuple[str, str]:
        try:
            return self.plan.key(cells) if cells is not None else ("", "")
        except IndexError:
            return ("", "")

    def _bad_row(self, row: RawRow, problems: tuple[Problem, ...]) -> None:
        group = self.group
        assert group is not None
        group.rows.append(row.line)
        group.problems.append(problems)
        group.bad = group.bad or bool(problems)

    def _header(
        self, group: _Group, row: RawRow, cells: list[str], raw: Any
    ) -> tuple[Problem, ...]:
        """Read the fields that every row of a declaration shares."""
        values: list[Any] = []
        problems: list[Problem] = []
        try:
            values = [read(cells[index]) for index, read in self.header_reads]
        except CellRefused:
            values, problems = self._read_all(self.plan.header, cells, row.line, "/")
        try:
            extra = self.plan.extra_of(self.plan.extra_declaration, cells)
        except CellRefused as error:
            problems.append(self._problem(error, "/extra", row.line, None))
            extra = {}
        if problems:
            return tuple(problems)
        if not group.rows:
            group.raw, group.header, group.extra = raw, values, extra
            return ()
        if group.header is None:
            return ()
        found = [
            Problem(
                "declarations.header_differs",
                f"The {slot.field} differs from that of the declaration's first line.",
                pointer=f"/{slot.field}",
                line=row.line,
                column=self._column(slot),
                hint="All lines of a declaration share it.",
            )
            for slot, before, now in zip(self.plan.header, group.header, values, strict=True)
            if before != now
        ]
        if extra != group.extra:
            found.append(
                Problem(
                    "declarations.header_differs",
                    "A column of the declaration differs from that of its first line.",
                    pointer="/extra",
                    line=row.line,
                )
            )
        return tuple(found)

    def _line(self, group: _Group, row: RawRow, cells: list[str]) -> None:
        """Read a goods line into the group: the quick way, and slowly when something is wrong."""
        try:
            args = [read(cells[index]) for index, read in self.line_reads]
            extra = self.plan.extra_of(self.plan.extra_line, cells)
            outcome = self.plan.outcome(cells, group.header[2] if group.header else None)
        except CellRefused:
            self._bad_row(row, self._line_problems(cells, row))
            return
        if not args[0]:
            args[0] = len(group.rows) + 1
        assert group.header is not None
        problems = self._line_rules(group, row, args)
        if problems:
            self._bad_row(row, tuple(problems))
            return
        group.rows.append(row.line)
        group.problems.append(())
        if extra:
            args.append(extra)
        group.lines.append(GoodsLine(*args))
        group.outcomes.append(outcome)

    def _line_rules(self, group: _Group, row: RawRow, args: list[Any]) -> list[Problem]:
        """What cannot be seen from one cell alone."""
        problems: list[Problem] = []
        code, value, net, gross = args[1], args[3], args[6], args[7]
        assert group.header is not None
        on: dt.date = group.header[2]
        if net is not None and gross is not None and net > gross:
            problems.append(
                self._at(
                    "net_mass_kg",
                    group,
                    row,
                    "declarations.net_over_gross",
                    f"The net mass {net} kg is over the gross mass {gross} kg.",
                )
            )
        unknown = self._unknown_code(group, row, code, on)
        if unknown is not None:
            problems.append(unknown)
        if not value:
            group.notes.append(
                self._at(
                    "customs_value",
                    group,
                    row,
                    "declarations.zero_value",
                    "The customs value is zero.",
                )
            )
        return problems

    def _unknown_code(self, group: _Group, row: RawRow, code: str, on: dt.date) -> Problem | None:
        """The problem that the nomenclature does not have the code; a note where it cannot tell."""
        exists, note = self._code(code, on)
        if note:
            group.notes.append(self._at("hs_code", group, row, "declarations.hs_unchecked", note))
        if exists:
            return None
        return self._at(
            "hs_code",
            group,
            row,
            "declarations.hs_unknown",
            f"{show_code(code)} is not in the nomenclature on {on.isoformat()}.",
            "Look it up with `tradelane codes search`.",
        )

    def _code(self, code: str, on: dt.date) -> tuple[bool, str]:
        found = self.seen.get((code, on))
        if found is None:
            exists = self.codes.exists(code, on)
            found = (exists, self.codes.note(code, on) if exists else "")
            if len(self.seen) >= _SEEN_CODES:
                self.seen.clear()
            self.seen[code, on] = found
        return found

    def _line_problems(self, cells: list[str], row: RawRow) -> tuple[Problem, ...]:
        assert self.group is not None
        position = len(self.group.rows)
        _, problems = self._read_all(self.plan.line, cells, row.line, f"/lines/{position}/")
        slot = next(slot for slot in self.plan.line if slot.field == "hs_code")
        with suppress(CellRefused):  # which is among the problems already
            code = slot.read(cells[slot.index])
            if self.group.header is not None:
                unknown = self._unknown_code(self.group, row, code, self.group.header[2])
                problems += [] if unknown is None else [unknown]
        _, found = self._read_all(
            self.plan.outcome_slots, cells, row.line, f"/lines/{position}/outcome/"
        )
        problems += found
        try:
            self.plan.extra_of(self.plan.extra_line, cells)
            if not found:
                self.plan.outcome(cells, dt.date(2000, 1, 1))
        except CellRefused as error:
            problems.append(self._problem(error, f"/lines/{position}", row.line, None))
        return tuple(problems)

    def _read_all(
        self, slots: tuple[Slot, ...], cells: list[str], line: int, above: str
    ) -> tuple[list[Any], list[Problem]]:
        values: list[Any] = []
        problems: list[Problem] = []
        for slot in slots:
            try:
                values.append(slot.read(cells[slot.index]))
            except CellRefused as error:
                column = self._column(slot)
                problems.append(self._problem(error, above + slot.field, line, column))
        return values, problems

    def _problem(self, error: CellRefused, pointer: str, line: int, column: int | None) -> Problem:
        return Problem(error.code, error.message, pointer, line, column, error.hint)

    def _column(self, slot: Slot) -> int | None:
        return slot.index + 1 if self.plan.numbered and slot.column else None

    def _at(
        self, name: str, group: _Group, row: RawRow, code: str, message: str, hint: str = ""
    ) -> Problem:
        slot = next(slot for slot in self.plan.line if slot.field == name)
        pointer = f"/lines/{len(group.rows)}/{name}"
        return Problem(code, message, pointer, row.line, self._column(slot), hint)

    def _together(self, group: _Group) -> None:
        """The rules that need all lines of a declaration."""
        if len(group.rows) > self.limits.lines_per_declaration:
            self._mark(
                group,
                len(group.rows) - 1,
                "declarations.too_many_lines",
                f"A declaration has at most {self.limits.lines_per_declaration:,} lines, "
                f"this one has {len(group.rows):,}.",
                "",
            )
        if group.bad or len(group.lines) < 2:
            return
        first = group.lines[0].currency
        numbers: set[int] = set()
        for position, item in enumerate(group.lines):
            if item.currency != first:
                self._mark(
                    group,
                    position,
                    "declarations.mixed_currencies",
                    f"The line is in {item.currency}, the declaration's first in {first}.",
                    "currency",
                )
            if item.number in numbers:
                self._mark(
                    group,
                    position,
                    "declarations.duplicate_line",
                    f"The line number {item.number} is given twice.",
                    "number",
                )
            numbers.add(item.number)

    def _mark(self, group: _Group, position: int, code: str, message: str, name: str) -> None:
        pointer = f"/lines/{position}/{name}" if name else "/lines"
        found = Problem(code, message, pointer, group.rows[position])
        group.problems[position] = (*group.problems[position], found)
        group.bad = True
