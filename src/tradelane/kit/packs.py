"""Packs: folders of dated data (YAML, CSV) that a lawyer or an analyst can correct.

A pack has a ``pack.yaml`` (id, version, title, licence, ...) and data files beside it. Packs that
ship with Tradelane are found by name, others by path. A pack's digest covers every file in it, so
that a decision can say exactly which parameters it was made with.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tradelane.kit.errors import InputRefused, Problem

SHIPPED = Path(__file__).resolve().parent.parent / "packs"
_MAX_FILE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a pack's table with its place: ``row["code"]``, ``row.line``."""

    cells: dict[str, str]
    path: str
    line: int

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")


@dataclass(frozen=True)
class Pack:
    """A loaded pack: ``about`` is its pack.yaml, ``digest`` covers every file."""

    id: str
    version: str
    root: Path
    about: dict[str, Any]
    digest: str

    def has(self, name: str) -> bool:
        """Whether the pack has the file ``name``."""
        return self._path(name).is_file()

    def yaml(self, name: str) -> Any:
        """The content of a YAML file of the pack; raises InputRefused with line and column."""
        return read_yaml(self._path(name))

    def table(self, name: str) -> Iterator[Row]:
        """The rows of a CSV file (UTF-8, header row) of the pack, with their line numbers."""
        path = self._path(name)
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval="")
            for cells in reader:
                if "" in cells:
                    raise InputRefused(
                        Problem(
                            "packs.ragged_row",
                            f"A row of {path.name} has more cells than its header.",
                            line=reader.line_num,
                            hint="Quote cells that hold commas.",
                        )
                    )
                yield Row(cells, path.name, reader.line_num)

    def _path(self, name: str) -> Path:
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise InputRefused(
                Problem("packs.outside", f"{name!r} is not inside the pack {self.id!r}.")
            )
        return path


def load(name_or_path: str | Path) -> Pack:
    """The shipped pack of that name (any case), or the pack in that folder.

    Errors: InputRefused with ``packs.not_found``, ``packs.invalid`` or ``packs.too_large``.
    """
    root = _find(str(name_or_path))
    about = read_yaml(root / "pack.yaml")
    if not isinstance(about, dict) or not {"id", "version", "licence"} <= about.keys():
        raise InputRefused(
            Problem(
                "packs.invalid",
                f"{root / 'pack.yaml'} must name at least id, version and licence.",
                hint="See docs/reference/packs.md.",
            )
        )
    return Pack(str(about["id"]), str(about["version"]), root, about, _digest(root))


def shipped() -> list[str]:
    """The names of the packs that ship with Tradelane."""
    return sorted(p.parent.name for p in SHIPPED.glob("*/pack.yaml"))


def read_yaml(path: Path) -> Any:
    """A YAML file's content: plain values only, anchors and aliases refused."""
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise InputRefused(Problem("packs.too_large", f"{path} is over 64 MiB."))
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputRefused(Problem("packs.not_found", f"There is no file {path}.")) from None
    except UnicodeDecodeError as error:
        raise InputRefused(
            Problem(
                "packs.encoding",
                f"{path} is not UTF-8 (byte {error.start}).",
                hint="Save the file as UTF-8.",
            )
        ) from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, name: str) -> Any:
    """YAML text to plain values; refuses aliases (they can expand without bound) and bad syntax."""
    try:
        for token in yaml.scan(text, Loader=yaml.CSafeLoader):
            if isinstance(token, yaml.AliasToken):
                raise InputRefused(
                    Problem(
                        "packs.alias",
                        f"{name} uses a YAML alias, which is not allowed.",
                        line=token.start_mark.line + 1,
                        column=token.start_mark.column + 1,
                        hint="Write the value out.",
                    )
                )
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise InputRefused(
            Problem(
                "packs.yaml",
                f"{name} is not valid YAML: {error.problem}.",
                line=mark.line + 1 if mark else None,
                column=mark.column + 1 if mark else None,
            )
        ) from None
    except yaml.YAMLError:
        raise InputRefused(Problem("packs.yaml", f"{name} has control characters.")) from None
    except RecursionError:
        raise InputRefused(Problem("packs.yaml", f"{name} is nested too deeply.")) from None
    except ValueError as error:  # a date such as 2026-02-30
        raise InputRefused(Problem("packs.yaml", f"{name} has a bad value: {error}.")) from None


def read_date(text: str | date | None) -> date | None:
    """A date cell: ISO text, a YAML date, or None for empty."""
    if text is None or text == "":
        return None
    return text if isinstance(text, date) else date.fromisoformat(text)


def _find(name: str) -> Path:
    if os.sep not in name and (SHIPPED / name.lower() / "pack.yaml").is_file():
        return SHIPPED / name.lower()
    if (Path(name) / "pack.yaml").is_file():
        return Path(name)
    raise InputRefused(
        Problem(
            "packs.not_found",
            f"There is no pack {name!r}.",
            hint=f"Give a folder with a pack.yaml, or one of: {', '.join(shipped())}.",
        )
    )


def _digest(root: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        total.update(path.relative_to(root).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return "sha256:" + total.hexdigest()
