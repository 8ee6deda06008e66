"""What holds of every comparison: symmetry, reflexivity, no influence of names and order."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from governance_corpora import ENTITIES, FACETS, OBJECTIVES, Rule, corpus_of
from tradelane.governance.comparing import Kind, Pair, Verdict
from tradelane.governance.conditions import Answer, covers, decide, read_condition
from tradelane.governance.model import Mapping
from tradelane.governance.scales import Scale, Scopes
from tradelane.governance.service import Governance
from tradelane.governance.strictness import Demand, Extent, Force, at_least

DAY = dt.date(2026, 4, 15)
CONDITIONS = (
    "",
    "use=chatbot",
    "use=credit",
    "use=chatbot|credit",
    "not use=credit",
    "generative=yes",
    "use=chatbot; generative=yes",
    "ask",
    "use=credit; ask",
)
RULES = st.builds(
    lambda **parts: Rule(**parts),
    entity=st.sampled_from(["AA", "BB", "AA-N", "PACT"]),
    objective=st.sampled_from([*(one.id for one in OBJECTIVES), ""]),
    relation=st.sampled_from(["equal", "subset", "superset", "intersects", "contradicts"]),
    modality=st.sampled_from(["must", "must_not", "should", "may", "none"]),
    form=st.sampled_from(["binding", "binding_public_sector", "non_binding"]),
    mark=st.sampled_from(["primary", "secondary", "not_verified"]),
    when=st.sampled_from(CONDITIONS),
    kind=st.sampled_from(["duty", "prohibition", "right", "penalty", "fact", "none_found"]),
    since=st.sampled_from(["2020-01-01", "2026-04", "2026", "2026-06-01"]),
    state=st.sampled_from(["in_force", "in_force", "proposed", "enacted"]),
    statement=st.sampled_from(["One thing.", "Another thing.", "A third thing."]),
    weak=st.booleans(),
    approach=st.sampled_from(["horizontal", "horizontal", "sectoral"]),
)
CORPORA = st.lists(RULES, max_size=14)
FEW = settings(max_examples=100, deadline=None)


def compared(rules: list[Rule], one: str, other: str) -> Pair:
    engine = Governance(corpus_of(rules), lambda: DAY)
    return engine.compare([one, other]).pairs[0]


def shape(pair: Pair, names: dict[str, str] | None = None) -> list[object]:
    """The verdicts with their provisions, under other names if wanted."""

    def told(verdict: Verdict) -> tuple[object, ...]:
        called = names or {}
        sides = sorted(
            (
                called.get(side.entity, side.entity),
                len(side.provisions),
                len(side.unsure),
                str(side.force),
                side.mark,
            )
            for side in verdict.sides
        )
        stricter = called.get(verdict.stricter, verdict.stricter)
        silent = sorted(called.get(name, name) for name in verdict.silent)
        return (str(verdict.kind), stricter, silent, verdict.mark, sides)

    return [
        (d.domain, told(d.verdict), [(o.objective, told(o.verdict)) for o in d.objectives])
        for d in pair.domains
    ]


@given(CORPORA)
@FEW
def test_it_does_not_matter_who_is_named_first(rules):
    assert compared(rules, "AA", "BB") == compared(rules, "BB", "AA")


@given(CORPORA)
@FEW
def test_nobody_differs_from_themselves(rules):
    for name in ("AA", "BB", "AA-N"):
        pair = compared(rules, name, name)
        assert pair.differences == ()
        for domain in pair.domains:
            assert not domain.verdict.differs
            assert domain.verdict.kind in (Kind.SAME, Kind.SILENT, Kind.NOT_VERIFIED)


@given(CORPORA, st.randoms(use_true_random=False))
@FEW
def test_the_order_of_the_corpus_does_not_matter(rules, random):
    shuffled = list(rules)
    random.shuffle(shuffled)
    assert shape(compared(rules, "AA", "BB")) == shape(compared(shuffled, "AA", "BB"))


@given(CORPORA)
@FEW
def test_names_do_not_matter(rules):
    swapped = {"AA": "ZZ", "BB": "BB", "AA-N": "ZZ-N", "PACT": "PACT"}
    entities = tuple(
        replace(
            one,
            id=swapped.get(one.id, one.id),
            within=swapped.get(one.within, one.within),
            parties=tuple(swapped.get(party, party) for party in one.parties),
        )
        for one in ENTITIES
    )
    renamed = [rule._replace(entity=swapped[rule.entity]) for rule in rules]
    # Without sectors an instrument is a field of its own, under its own name.
    plain = [rule._replace(sectors=("finance",)) for rule in rules]
    renamed = [rule._replace(sectors=("finance",)) for rule in renamed]
    engine = Governance(corpus_of(renamed, entities), lambda: DAY)
    there = engine.compare(["ZZ", "BB"]).pairs[0]
    assert shape(there, {"ZZ": "AA"}) == shape(compared(plain, "AA", "BB"))


@given(CORPORA)
@FEW
def test_unverified_evidence_never_says_same(rules):
    corpus = corpus_of(rules)
    day = Governance(corpus, lambda: DAY).day(DAY)
    pair = compared(rules, "AA", "BB")
    for domain in pair.domains:
        for verdict in (domain.verdict, *(one.verdict for one in domain.objectives)):
            if verdict.kind is Kind.SAME:
                for side in verdict.sides:
                    assert side.provisions
                    for name in side.provisions:
                        assert corpus.provisions[name].mark != "not_verified"
                        assert day.verified[day.index.position[name]]


@given(CORPORA)
@FEW
def test_same_stays_true_whichever_unverified_provision_is(rules):
    """Take all unverified provisions away, or have them all verified: same stays the same."""
    said = compared(rules, "AA", "BB")
    without = compared([rule for rule in rules if rule.mark != "not_verified"], "AA", "BB")
    taken = compared([rule._replace(mark="primary") for rule in rules], "AA", "BB")
    for others in (without, taken):
        found = {
            one.objective: one.verdict.kind
            for domain in others.domains
            for one in domain.objectives
            if one.objective
        }
        for domain in said.domains:
            for one in domain.objectives:
                if one.objective and one.verdict.kind is Kind.SAME:
                    assert found[one.objective] is Kind.SAME


DEMANDS = st.builds(
    Demand,
    st.sampled_from(list(Force)),
    st.sampled_from(list(Extent)),
    st.sampled_from([read_condition(words) for words in CONDITIONS]),
    st.just(""),
)


@given(st.lists(DEMANDS, min_size=3, max_size=3))
@settings(max_examples=400, deadline=None)
def test_at_least_as_strict_is_a_partial_order(demands):
    a, b, c = demands
    assert at_least(a, a)
    if at_least(a, b) and at_least(b, c):
        assert at_least(a, c)


@given(st.lists(DEMANDS, min_size=1, max_size=12, unique=True))
@FEW
def test_all_at_once_is_the_same_rule_as_one_by_one(demands):
    scale = Scale(Scopes())
    for demand in demands:
        scale.number(demand)
    for at, one in enumerate(demands):
        for number, other in enumerate(demands):
            said = bool(scale.below[at] >> number & 1)
            whole = one.extent >= Extent.WHOLE
            assert said == (at_least(one, other) and (at != number or whole))


PROFILES = st.fixed_dictionaries(
    {},
    optional={
        facet.id: st.sampled_from(sorted(facet.values)).map(lambda value: frozenset({value}))
        for facet in FACETS
    },
)


@given(st.sampled_from(CONDITIONS), st.sampled_from(CONDITIONS), PROFILES)
@FEW
def test_a_wider_condition_catches_whatever_a_narrower_does(wider, narrower, profile):
    one, other = read_condition(wider), read_condition(narrower)
    if covers(one, other) and decide(other, profile).answer is Answer.YES:
        assert decide(one, profile).answer is Answer.YES


@given(st.sampled_from(CONDITIONS), PROFILES, PROFILES)
@FEW
def test_telling_more_never_turns_an_answer_round(words, known, more):
    condition = read_condition(words)
    before = decide(condition, known).answer
    after = decide(condition, {**more, **known}).answer
    assert before is Answer.ASK or after is before


def test_the_mapping_is_written_as_it_is_read():
    assert str(Mapping("subset", "TR-ONE", True)) == "subset:TR-ONE/weak"
