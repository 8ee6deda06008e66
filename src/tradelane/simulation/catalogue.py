"""The product catalogue as arrays: who makes what, for how much, and what passes for what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradelane.simulation.model import Parameters
from tradelane.simulation.products import Product
from tradelane.simulation.tariff import Floats, Ints


@dataclass(frozen=True)
class Catalogue:
    """Products sorted by family, so that a family is a slice; origins and families by number.

    choice: family x origin x place in the family, cumulative shares of the products (of those that
    fit a parcel in parcel_choice, of all where none does); made: family x
    origin, how much of the family comes from there; siblings: product x product, how easily the
    goods of the row pass for the goods of the column (0: not at all).
    """

    codes: tuple[str, ...]
    families: tuple[str, ...]
    origins: tuple[str, ...]
    family: Ints
    start: Ints
    choice: Floats
    parcel_choice: Floats
    made: Floats
    price: Floats
    spread: Floats
    unit_mass: Floats
    by_kilogram: NDArray[np.bool_]
    siblings: Floats

    def draw(self, family: Ints, origin: Ints, uniform: Floats, parcel: NDArray[np.bool_]) -> Ints:
        """One product of each family that is made in the origin, small ones for parcels."""
        shares = np.where(
            parcel[:, None], self.parcel_choice[family, origin], self.choice[family, origin]
        )
        place = (uniform[:, None] >= shares).sum(axis=1)
        found: Ints = self.start[family] + place
        return found


def build_catalogue(parameters: Parameters) -> Catalogue:
    """The catalogue of the parameters' products."""
    products = parameters.products
    families = tuple(sorted({p.family for p in products}))
    origins = tuple(sorted(parameters.economies))
    number = {name: n for n, name in enumerate(families)}
    place = {name: n for n, name in enumerate(origins)}
    family = np.array([number[p.family] for p in products], dtype=np.int64)
    start = np.searchsorted(family, np.arange(len(families)))
    widest = int(np.bincount(family).max())
    share = np.zeros((len(families), len(origins), widest))
    for n, product in enumerate(products):
        whole = sum(product.origins.values())
        for origin, weight in product.origins.items():
            share[family[n], place[origin], n - start[family[n]]] = product.weight * weight / whole
    small = np.zeros_like(share)
    for n, product in enumerate(products):
        if _fits_a_parcel(product):
            place_in = n - start[family[n]]
            small[family[n], :, place_in] = share[family[n], :, place_in]
    small = np.where(small.sum(axis=2, keepdims=True) > 0, small, share)
    return Catalogue(
        codes=tuple(p.hs_code for p in products),
        families=families,
        origins=origins,
        family=family,
        start=start.astype(np.int64),
        choice=_cumulative(share),
        parcel_choice=_cumulative(small),
        made=share.sum(axis=2),
        price=np.array([p.price for p in products]),
        spread=np.array([p.spread for p in products]),
        unit_mass=np.array([p.unit_mass_kg for p in products]),
        by_kilogram=np.array([p.unit == "KGM" for p in products], dtype=np.bool_),
        siblings=_siblings(parameters, family),
    )


def _fits_a_parcel(product: Product) -> bool:
    each = product.unit_mass_kg
    return product.unit == "KGM" or (each <= 6 and each * product.price <= 150)


def _cumulative(share: Floats) -> Floats:
    """Cumulative along the last axis; rounding leaves no gap above the last product."""
    whole = np.maximum(share.sum(axis=2, keepdims=True), 1e-12)
    found: Floats = share.cumsum(axis=2) / whole
    return np.where(found > 1 - 1e-9, 1.0, found)


def _siblings(parameters: Parameters, family: Ints) -> Floats:
    """1 within a heading, 0.25 within a chapter, and only in one family and one unit."""
    products = parameters.products
    near = np.zeros((len(products), len(products)))
    for i, a in enumerate(products):
        for j in np.flatnonzero(family == family[i]):
            b = products[j]
            if i == j or a.unit != b.unit:
                continue
            if a.hs_code[:4] == b.hs_code[:4]:
                near[i, j] = 1.0
            elif a.hs_code[:2] == b.hs_code[:2]:
                near[i, j] = 0.25
    return near
