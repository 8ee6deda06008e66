"""The goods that are traded, as a table that anyone can correct."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tradelane.kit.errors import Problem
from tradelane.kit.packs import Pack


@dataclass(frozen=True, slots=True)
class Product:
    """Goods that are traded: ``price`` is the median in the pack's currency a kilogram."""

    hs_code: str
    family: str
    words: tuple[str, ...]
    price: float
    spread: float
    """Standard deviation of the logarithm of prices."""
    unit: str
    """UN/ECE Recommendation 20: KGM, NMB, NPR, LTR, MTK."""
    unit_mass_kg: float
    origins: Mapping[str, float]
    weight: float
    """How much it is traded within its family."""


def read_products(
    pack: Pack, table: str, families: Mapping[str, Any], economies: Mapping[str, Any]
) -> tuple[tuple[Product, ...], list[Problem]]:
    """The products of a pack's table, sorted by family, and what is wrong with the others."""
    products: list[Product] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for row in pack.table(table):
        try:
            product = _read_product(row.cells, families, economies)
            if product.hs_code in seen:
                raise ValueError(f"the code {product.hs_code} is there twice")
        except ValueError as error:
            problems.append(
                Problem("simulation.product_invalid", f"{table}: {error}.", line=row.line)
            )
            continue
        seen.add(product.hs_code)
        products.append(product)
    if not products and not problems:
        problems.append(Problem("simulation.product_invalid", f"{table} has no rows."))
    return tuple(sorted(products, key=lambda p: (p.family, p.hs_code))), problems


def _read_product(
    cells: Mapping[str, str], families: Iterable[str], economies: Iterable[str]
) -> Product:
    code, family = cells.get("hs_code", ""), cells.get("family", "")
    if not (code.isascii() and code.isdigit() and len(code) == 6):
        raise ValueError(f"{code!r} is not a six digit code")
    if family not in families:
        raise ValueError(f"{family!r} is not among the families of simulation.yaml")
    origins: dict[str, float] = {}
    for part in cells.get("origins", "").split(";"):
        name, _, weight = part.strip().partition(" ")
        if name not in economies:
            raise ValueError(f"the origin {name!r} is not among the economies of simulation.yaml")
        origins[name] = _positive(weight or "1", "origin weight")
    words = tuple(word.strip() for word in cells.get("words", "").split("|") if word.strip())
    if not words:
        raise ValueError(f"{code} has no words")
    return Product(
        hs_code=code,
        family=family,
        words=words,
        price=_positive(cells.get("price_xmd_per_kg", ""), "price"),
        spread=_positive(cells.get("spread", ""), "spread"),
        unit=cells.get("unit", "") or "KGM",
        unit_mass_kg=_positive(cells.get("unit_mass_kg", ""), "unit mass"),
        origins=origins,
        weight=_positive(cells.get("weight", ""), "weight"),
    )


def _positive(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"the {what} {text!r} is not a number") from None
    if not 0 < value < 1e9:
        raise ValueError(f"the {what} {text!r} is not positive")
    return value
