"""Two entities on one objective: every verdict, and the provisions that made it."""

from __future__ import annotations

import datetime as dt

import pytest

from governance_corpora import Rule, engine_of
from tradelane.governance.comparing import Kind, OnObjective

A = Rule("AA")
B = Rule("BB")
PART_A = A._replace(relation="subset")
PART_B = B._replace(relation="subset")
SEARCHED = Rule("BB", kind="none_found", modality="none")


def on(*rules: Rule, objective: str = "TR-ONE") -> OnObjective:
    return engine_of(*rules).comparer().on("AA", "BB", objective)


def kind(*rules: Rule) -> str:
    found = on(*rules).verdict
    return f"stricter {found.stricter}" if found.kind is Kind.STRICTER else str(found.kind)


@pytest.mark.parametrize(
    ("mine", "theirs", "verdict"),
    [
        (A, B, "same"),
        (A, B._replace(modality="should"), "stricter AA"),
        (A._replace(form="non_binding"), B, "stricter BB"),
        (A, B._replace(form="binding_public_sector"), "stricter AA"),
        (A._replace(form="non_binding"), B._replace(form="non_binding", modality="should"), "same"),
        (A._replace(modality="may"), B._replace(form="non_binding"), "stricter BB"),
        (A, B._replace(when="use=chatbot"), "stricter AA"),
        (A._replace(when="use=chatbot|credit"), B._replace(when="use=chatbot"), "stricter AA"),
        (A._replace(when="use=credit"), B._replace(when="use=chatbot"), "different"),
        (A._replace(when="use=credit"), B._replace(when="use=credit"), "same"),
        (A, B._replace(relation="superset"), "stricter BB"),
        (A, B._replace(relation="subset"), "stricter AA"),
        (A, B._replace(relation="intersects"), "stricter AA"),
        (A, B._replace(weak=True), "stricter AA"),
        (PART_A, PART_B, "different"),
        (PART_A, PART_B._replace(form="non_binding"), "stricter AA"),
        (PART_A, PART_B._replace(when="use=credit"), "stricter AA"),
        (A._replace(form="non_binding"), B._replace(when="use=credit"), "different"),
        (A, B._replace(approach="sectoral", sectors=("finance",)), "stricter AA"),
        (A, B._replace(relation="contradicts"), "conflicting"),
        (A, SEARCHED, "silent"),
        (A, B._replace(kind="penalty", modality="may"), "same"),
    ],
)  # fmt: skip
def test_force_extent_and_scope_decide(mine, theirs, verdict):
    assert kind(mine, theirs) == verdict


def test_an_exception_is_no_conflict_and_makes_nobody_stricter():
    exception = A._replace(relation="contradicts", kind="relief", modality="may")
    assert kind(A, exception, B) == "stricter BB"
    assert kind(A, exception, B._replace(form="non_binding")) == "different"
    assert kind(exception, B) == "conflicting"
    assert kind(A, exception._replace(mark="not_verified"), B) == "not_verified"
    assert kind(exception, SEARCHED) == "silent"
    assert kind(exception._replace(mark="not_verified"), B) == "not_verified"


def test_the_same_part_in_the_same_words_is_the_same():
    words = "Chatbots say that they are machines."
    part = {"relation": "subset", "statement": words}
    assert kind(A._replace(**part), B._replace(**part)) == "same"


def test_unverified_evidence_never_says_same_and_is_named():
    found = on(A, B._replace(mark="not_verified")).verdict
    assert found.kind is Kind.NOT_VERIFIED
    assert found.sides[0].provisions == ("AA-000.001",)
    assert found.sides[1].unsure == ("BB-001.001",)


def test_a_secondary_source_is_evidence_and_marks_the_verdict():
    found = on(A, B._replace(mark="secondary")).verdict
    assert (found.kind, found.mark) == (Kind.SAME, "secondary")


def test_hearsay_that_changes_nothing_does_not_matter():
    # Whatever the unverified guideline says, the law outdoes it.
    rumour = B._replace(mark="not_verified", form="non_binding")
    assert kind(A, B, rumour) == "same"
    assert kind(A, rumour) == "stricter AA"
    assert kind(A, B._replace(form="non_binding"), rumour) == "stricter AA"
    assert kind(A, B._replace(form="non_binding"), rumour._replace(form="binding")) != "stricter AA"


def test_a_date_that_is_not_sure_is_not_verified():
    engine = engine_of(A, B._replace(since="2026-04"))
    before, within, after = (
        engine.comparer(day).on("AA", "BB", "TR-ONE").verdict
        for day in (dt.date(2026, 3, 31), dt.date(2026, 4, 15), dt.date(2026, 4, 30))
    )
    assert before.kind is Kind.SILENT
    assert within.kind is Kind.NOT_VERIFIED
    assert after.kind is Kind.SAME


def test_silence_needs_that_somebody_looked():
    assert kind(A, Rule("BB", objective="LI-ONE")) == "not_verified"
    assert kind(A, SEARCHED._replace(mark="not_verified")) == "not_verified"
    found = on(A, SEARCHED).verdict
    assert found.silent == ("BB",)
    assert found.sides[1].looked == ("BB-001.001",)
    assert on(Rule("AA", kind="none_found"), SEARCHED).verdict.silent == ("AA", "BB")


def test_the_verdict_names_the_strictest_and_not_what_they_outdo():
    guide = A._replace(form="non_binding")
    assert on(guide, A, B).verdict.sides[0].provisions == ("AA-001.001",)


def test_treaties_count_for_their_parties_and_places_only_for_themselves():
    treaty = Rule("PACT", objective="TR-TWO")
    assert on(treaty, objective="TR-TWO").verdict.kind is Kind.SAME
    assert kind(Rule("AA-N"), B) == "stricter BB"
    assert (
        engine_of(Rule("AA-N"), B).comparer().on("AA-N", "BB", "TR-ONE").verdict.kind is Kind.SAME
    )


def test_a_domain_sums_its_objectives_up():
    def domain(*rules: Rule) -> str:
        (pair,) = engine_of(*rules).compare(["AA", "BB"], domains=["transparency"]).pairs
        found = pair.domains[0].verdict
        return f"{found.kind} {found.stricter}".strip()

    two = {"objective": "TR-TWO"}
    assert domain(A, B) == "same"
    assert domain(A, B, A._replace(**two)) == "stricter AA"
    assert domain(A, B._replace(**two)) == "different"
    assert domain(A, SEARCHED) == "silent"
    assert (
        domain(A, B, A._replace(**two, relation="contradicts"), B._replace(**two)) == "conflicting"
    )
    assert domain(A, B, B._replace(**two, mark="not_verified")) == "not_verified"
    assert domain(A) == "not_verified"
    # What is asked beyond every objective is known by its words alone.
    assert domain(A, B, A._replace(objective="")) == "stricter AA"


def test_five_differences_are_compared_as_fields():
    engine = engine_of(A, B._replace(approach="sectoral", form="non_binding"))
    verdicts = {one.field: one.verdict for one in engine.compare(["AA", "BB"]).five}
    assert verdicts == {
        "definition": "same",
        "form": "different",
        "approach": "different",
        "authority": "same",
        "focus": "same",
    }
    assert engine.compare(["AA", "CC"]).five[0].verdict == "not_verified"


def test_more_than_two_are_compared_pair_by_pair():
    found = engine_of(A, B, Rule("CC")).compare(["CC", "AA", "BB"])
    assert [(one.one, one.other) for one in found.pairs] == [
        ("AA", "BB"), ("AA", "CC"), ("BB", "CC"),
    ]  # fmt: skip
