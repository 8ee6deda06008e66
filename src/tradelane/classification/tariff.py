"""The United States tariff as its own site exports it (JSON), read as lines with their paths.

Each object has ``htsno``, ``indent`` and ``description``; what stands above a line is found by the
indents. Lines get the code that they or the nearest line above them have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from tradelane.classification.known import PATH
from tradelane.classification.reading import Row
from tradelane.kit.errors import InputRefused, Problem
from tradelane.trade.hscode import parse_code

_MARK = re.compile(r"<[^>]{0,60}>|:\s*$")


def rows(path: Path) -> Iterator[Row]:
    """Every line of the tariff under a subheading of chapters 1 to 97, its path as its text.

    Errors: InputRefused ``classification.tariff``.
    """
    try:
        content = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise _refused(f"{path.name} is not JSON: {error}.") from None
    if not isinstance(content, list) or not content:
        raise _refused(f"{path.name} is not a list of lines of the tariff.")
    above: list[tuple[int, str, str]] = []
    for number, line in enumerate(content, 1):
        indent, code, text = _line(line, number)
        while above and above[-1][0] >= indent:
            above.pop()
        code = code or (above[-1][1] if above else "")
        above.append((indent, code, text))
        if len(code) >= 6 and "01" <= code[:2] <= "97":
            yield Row(PATH.join(part for _, _, part in above if part), code, "", False, "", number)


def _line(line: Any, number: int) -> tuple[int, str, str]:
    try:
        indent = int(line["indent"])
        code = parse_code(str(line.get("htsno") or "")) or ""
        text = " ".join(_MARK.sub(" ", str(line["description"])).split())
    except (TypeError, KeyError, ValueError, AttributeError):
        raise _refused(f"Line {number} lacks its indent or its description.") from None
    return indent, code, text


def _refused(sentence: str) -> InputRefused:
    return InputRefused(
        Problem(
            "classification.tariff",
            sentence,
            hint="Export the chapters as JSON: a list with htsno, indent and description.",
        )
    )
