"""Where something in a corpus file is, so that whoever wrote it finds it: file, line and key."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from tradelane.kit.errors import InputRefused, Problem
from tradelane.kit.packs import Pack

Keys = Sequence[str | int]


class Findings:
    """Everything that is wrong with a corpus, each with its place."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self._trees: dict[str, yaml.Node | None] = {}

    def yaml(self, pack: Pack, file: str) -> Any:
        """The content of a YAML file; None, and what is wrong is noted, if it cannot be read."""
        try:
            return pack.yaml(file)
        except InputRefused as error:
            folder = str(self.root)
            for one in error.problems:
                said = one.message.replace(folder, "").lstrip("/")
                self.problems.append(replace(one, message=said))
            self._trees[file] = None
            return None

    def no_file(self, file: str) -> None:
        """A file that must be there is not."""
        self.problems.append(
            Problem(
                "governance.file_missing",
                f"{file}: there is no such file.",
                hint="A group has instruments, provisions and sources under the same name.",
            )
        )

    def row(
        self, code: str, message: str, file: str, line: int, column: str = "", hint: str = ""
    ) -> None:
        """A problem with a row of a table, or with one cell of it."""
        pointer = f"/{column}" if column else ""
        self.problems.append(Problem(code, f"{file}: {message}", pointer, line, hint=hint))

    def key(self, code: str, message: str, file: str, keys: Keys, hint: str = "") -> None:
        """A problem with a value of a YAML file, at the keys that lead to it."""
        pointer = "".join(f"/{one}" for one in keys)
        line = self._line(file, keys)
        self.problems.append(Problem(code, f"{file}: {message}", pointer, line, hint=hint))

    def _line(self, file: str, keys: Keys) -> int | None:
        """The line of the value, or of the nearest thing above it that is there.

        Files are read for their values, and for their lines only when something is wrong.
        """
        if file not in self._trees:
            text = (self.root / file).read_text(encoding="utf-8-sig")
            self._trees[file] = yaml.compose(text, Loader=yaml.CSafeLoader)
        node = self._trees[file]
        for key in keys:
            below = _child(node, key)
            if below is None:
                break
            node = below
        return None if node is None else int(node.start_mark.line) + 1


def one_of(allowed: Collection[str]) -> str:
    """What may stand there, as a hint."""
    return f"One of: {', '.join(allowed)}."


def _child(node: yaml.Node | None, key: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        found: yaml.Node = node.value[key]
        return found
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == str(key)), None)
    return None
