"""The sentences of an assessment: steps are kept as codes with their figures, and told on demand.

A step is a tuple of texts, its kind first. `TEMPLATES` is the only place that has the wording, so
that a ledger entry of years ago reads the same as a fresh one and can be translated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Step = tuple[str, ...]

TEMPLATES: dict[str, str] = {
    "value": "Customs value {0} {1}, as declared.",
    "value_sum": "Customs value {0} {1} = {2} goods + {3} freight + {4} insurance ({5} basis).",
    "value_freight": "Customs value {0} {1} = {2} goods + {3} freight ({4} basis).",
    "value_insurance": "Customs value {0} {1} = {2} goods + {3} insurance ({4} basis).",
    "freight_missing": (
        "The value basis is CIF and {0} not given: the declared value is taken to include it."
    ),
    "converted": "{0} {1} are {2} {3} at {4} {3} per {1} (rate of {5}).",
    "duty": "Duty {0} of {1} = {2} (tariff {3}, {4}).",
    "duty_parts": "Duty {0}: {1} = {2} (tariff {3}, {4}).",
    "preference": "Preference {0}: {1} % of {2} = {3} for origin {4} (tariff {5}, {6}).",
    "preference_parts": "Preference {0}: {1}: {2} = {3} for origin {4} (tariff {5}, {6}).",
    "preference_unknown": "Preference {0} is claimed, but {1} has no such scheme: general rate.",
    "preference_origin": (
        "Preference {0} is claimed, but origin {1} is not one of its origins: general rate."
    ),
    "preference_goods": (
        "Preference {0} is claimed, but it has no rate for {1} from {2}: general rate."
    ),
    "preference_higher": "Preference {0} ({1}) would cost more: general rate.",
    "preference_unchecked": (
        "Preference {0} is claimed; pack {1} has no tariff, so the claim is not checked."
    ),
    "duty_declared": (
        "Duty {0} % of {1} = {2}. The rate is the declared one, not checked against a tariff."
    ),
    "duty_default": "Duty {0} % of {1} = {2}: no rate is declared; {3} (confidence: {4}).",
    "duty_not_levied": "No duty: {0} levies none ({1}; confidence: {2}).",
    "duty_not_needed": "The ordinary rate of duty is not needed: relief takes all of it.",
    "duty_differs": "The declared rate of duty, {0} %, differs from the tariff's {1}.",
    "relieved": "Relief {0} takes {1} off the {2}: {3} remains.",
    "excise": "Excise {0} of {1} = {2} (tariff {3}, {4}).",
    "excise_parts": "Excise {0}: {1} = {2} (tariff {3}, {4}).",
    "tax": "{0} {1} % of {2} ({3}) = {4} ({5}).",
    "tax_base_missing": (
        "Freight or insurance is part of the base of {0} and is not given: counted as nothing."
    ),
    "tax_none": "No tax: {0} levies none on imports ({1}; confidence: {2}).",
    "tax_included": "No further tax: flat rate {0} stands for it.",
    "fee": "{0} {1} {2} ({3}).",
    "fee_mass": "{0} {1} per kg of {2} kg = {3} {4} ({5}).",
    "fee_tax": "{0} {1} % on fee {2} of {3} = {4} ({5}).",
    "flat": "Flat rate {0}: {1} % of {2} = {3}, instead of {4}.",
    "relief_granted": (
        "No {0} under {1}: the consignment is worth {2} {3} ({4}), {5} {6} {3}."
        " Source: {7}; confidence: {8}."
    ),
    "relief_vendor": (
        "No {0} at the border under {1}: the consignment is worth {2} {3} ({4}), {5} {6} {3}, and"
        " the seller or platform collects it (registration {9}). Source: {7}; confidence: {8}."
    ),
    "relief_flat": (
        "Flat rate {1} instead of {0}: the consignment is worth {2} {3} ({4}), {5} {6} {3}."
        " Source: {7}; confidence: {8}."
    ),
    "relief_part": (
        "The first {6} {3} are free of {0} under {1}: of a consignment worth {2} {3} ({4}) only"
        " the part above is charged. Source: {7}; confidence: {8}."
    ),
    "relief_above": (
        "No {0} relief under {1}: the consignment is worth {2} {3} ({4}), not {5} {6} {3}."
        " Source: {7}; confidence: {8}."
    ),
    "relief_below": (
        "Not in band {1} ({0}): the consignment is worth {2} {3} ({4}), not over {5} {3}."
        " Source: {6}; confidence: {7}."
    ),
    "relief_mode": (
        "No {0} relief under {1}: it is for transport by {2}. Source: {3}; confidence: {4}."
    ),
    "relief_shipped": (
        "No {0} relief under {1}: not for goods shipped from {2}. Source: {3}; confidence: {4}."
    ),
    "relief_origin": (
        "No {0} relief under {1}: not for goods of origin {2}. Source: {3}; confidence: {4}."
    ),
    "relief_excluded": (
        "No {0} relief under {1}: goods of {2} are excluded. Source: {3}; confidence: {4}."
    ),
    "relief_facts": ("No {0} relief under {1}: it is for {2}. Source: {3}; confidence: {4}."),
    "relief_mass": (
        "No {0} relief under {1}: the consignment weighs {2} kg, more than {3} kg."
        " Source: {4}; confidence: {5}."
    ),
    "relief_frequency": (
        "No {0} relief under {1}: the importer has had {2} this {3}, of at most {4}."
        " Source: {5}; confidence: {6}."
    ),
    "relief_over": (
        "No low-value relief: the consignment is worth {0} {1} ({2}), and the limits are {3} {1}."
        " Source: {4}; confidence: {5}."
    ),
    "relief_no_rule": "The pack has no {0} relief for the day.",
    "relief_none": "No {0} relief ({1}): {2} Source: {3}; confidence: {4}.",
    "relief_not_found": "No {0} relief was found ({1}): {2} Source: {3}; confidence: {4}.",
    "relief_unsettled": "Whether there is {0} relief ({1}) is for a person to say: {2}",
    "bundling_assumed": (
        "{0} adds up consignments of one importer on one day; others of that day were not looked"
        " for."
    ),
}
"""Wording by step kind; ``{0}`` is the first text after the kind."""


def sentence(step: Iterable[str]) -> str:
    """One step as a sentence.

    >>> sentence(("value", "120.00", "XMD"))
    'Customs value 120.00 XMD, as declared.'
    """
    kind, *texts = step
    return TEMPLATES[kind].format(*texts)


def explain(content: Mapping[str, Any]) -> list[str]:
    """The sentences of a stored assessment (`LineAssessment.content`), in order."""
    told = [sentence(step) for step in content["steps"]]
    currency = content["currency"]
    if content["customs_value"] is not None:
        told.append(
            f"To pay: {content['total']} {currency} = {content['duty']} duty + {content['tax']}"
            f" tax + {content['other']} other."
        )
    for problem in content.get("needs_person", ()):
        told.append(
            f"Needs a person ({problem['code']}): {problem['message']}"
            f" {problem.get('hint', '')}".rstrip()
        )
    return told
