"""What applies to a product, search, matrix, changes, brief: the verbs of the service."""

from __future__ import annotations

import datetime as dt

import pytest

from governance_corpora import Rule, engine_of
from tradelane.governance.brief_text import brief_markdown
from tradelane.governance.changes import ChangeKind
from tradelane.governance.effects import effect_word
from tradelane.governance.profiles import read_facts, read_profile
from tradelane.kit.errors import InputRefused

CHATBOT = {"use": ["chatbot"], "generative": True, "role": "provider"}


def caught(engine, given=CHATBOT, economies=("AA",), **options):
    profile = read_profile(given, engine.corpus)
    return engine.applies(profile, economies, **options)


def groups(*rules, given=CHATBOT):
    (found,) = caught(engine_of(*rules), given).economies
    return [
        [int(one.provision[3:6]) for one in many]
        for many in (found.applies, found.asks, found.nots)
    ]


def test_provisions_apply_ask_or_do_not():
    rules = [Rule("AA", when=w) for w in ("use=chatbot", "sector=finance", "use=credit", "")]
    assert groups(*rules) == [[0, 3], [1], [2]]


def test_rules_for_public_bodies_and_of_a_sector_are_for_these():
    public = Rule("AA", form="binding_public_sector")
    finance = Rule("AA", approach="sectoral", sectors=("finance",))
    told = {**CHATBOT, "customer": ["private"], "sector": ["health"]}
    assert groups(finance, public) == [[], [0, 1], []]
    assert groups(finance, public, given=told) == [[], [], [0, 1]]


def test_a_duty_of_another_in_the_chain_is_theirs_and_shown():
    (found,) = caught(engine_of(Rule("AA", actors=("deployer",)), Rule("AA"))).economies
    assert [one.yours for one in found.applies] == [False, True]


def test_what_must_be_done_comes_before_what_a_breach_costs():
    kinds = ("penalty", "power", "relief", "right", "duty", "definition")
    rules = [Rule("AA", kind=kind, modality="may", when="use=chatbot") for kind in kinds]
    (found,) = caught(engine_of(Rule("AA", modality="must_not"), Rule("AA"), *rules)).economies
    words = [(str(one.effect), effect_word(one.effect, one.force)) for one in found.applies]
    assert words == [
        ("do", "required"),
        ("avoid", "required"),
        ("right", "right"),
        ("relief", "relief"),
        ("relief", "relief"),
        ("penalty", "penalty"),
        ("power", "power"),
        ("class", "class"),
    ]
    assert found.asked == 3


def test_a_penalty_or_a_power_is_nothing_that_could_be_done_once():
    rules = [Rule(economy, kind=kind) for economy in ("AA", "BB") for kind in ("penalty", "power")]
    assert caught(engine_of(*rules), economies=("AA", "BB")).everywhere == ()
    both = [*rules, Rule("AA", kind="right"), Rule("BB", modality="must_not")]
    (once,) = caught(engine_of(*both), economies=("AA", "BB")).everywhere
    assert once.provisions == (("AA", ("AA-004.001",)), ("BB", ("BB-005.001",)))


def test_what_officials_owe_and_bare_facts_are_not_for_products():
    assert groups(
        Rule("AA", actors=("government",)),
        Rule("AA", kind="fact"),
        Rule("AA", kind="fact", when="use=chatbot"),
        Rule("AA", kind="penalty", actors=("regulator",)),
    ) == [[3, 2], [], []]


def test_what_comes_later_is_said_with_its_day():
    law = Rule("AA", state="enacted", since="2026-01-01", more=(("in_force", "2026-09-01"),))
    (found,) = caught(engine_of(law)).economies
    assert found.nothing
    assert [(one.provision, one.begins) for one in found.coming] == [
        ("AA-000.001", dt.date(2026, 9, 1))
    ]


def test_nothing_found_says_what_was_looked_at():
    (found,) = caught(engine_of(Rule("AA", kind="none_found", when=""))).economies
    assert found.nothing
    assert found.looked == ("AA-000.001",)


def test_what_is_the_same_everywhere_need_be_done_once():
    engine = engine_of(Rule("AA"), Rule("BB"), Rule("AA", objective="TR-TWO"), Rule("BB", "TR-TWO", when="sector=finance"), Rule("AA", "LI-ONE"))  # fmt: skip # noqa: E501
    found = caught(engine, economies=("AA", "BB"))
    assert [(one.objective, one.certain) for one in found.everywhere] == [
        ("TR-ONE", True),
        ("TR-TWO", False),
    ]
    assert found.to_ask == (("sector", 1),)


@pytest.mark.parametrize(
    "given",
    ["chatbot", {"colour": "red"}, {"use": "cooking"}, {"generative": ["yes", "no"]}],
)
def test_a_profile_with_unknown_facts_is_refused(given):
    with pytest.raises(InputRefused) as refused:
        read_profile(given, engine_of(Rule("AA")).corpus)
    assert refused.value.problems[0].code == "governance.profile"


def test_facts_on_one_line_are_the_same_profile():
    corpus = engine_of(Rule("AA")).corpus
    assert read_facts(["use=chatbot", "use=credit", "generative=yes"], corpus) == read_profile(
        {"use": ["credit", "chatbot"], "generative": True}, corpus
    )


def test_search_finds_words_whatever_their_endings_and_marks_them():
    engine = engine_of(
        Rule("AA", statement="Generated content carries a label."),
        Rule("BB", statement="Labels are not removed from generated content or labelled again."),
        Rule("CC", statement="A fine is paid."),
    )
    hits, total = engine.search("labelling of generated content")
    assert total == 2
    assert {hit.provision.id for hit in hits} == {"AA-000.001", "BB-001.001"}
    hit = next(one for one in hits if one.provision.id == "AA-000.001")
    assert [hit.provision.statement[a:b] for a, b in hit.marks] == ["Generated", "content", "label"]
    assert engine.search("labels", entities=["BB"])[1] == 1
    assert engine.search("labels", as_of=dt.date(1999, 1, 1)) == ([], 0)
    assert engine.search("zebra") == ([], 0)
    assert engine.search("the of and") == ([], 0)


def test_search_goes_on_where_it_ended():
    engine = engine_of(*(Rule("AA", statement=f"Label number {n}.") for n in range(7)))
    whole = [hit.provision.id for hit in engine.search("label", limit=7)[0]]
    parts = [
        hit.provision.id
        for skip in (0, 3, 6)
        for hit in engine.search("label", limit=3, skip=skip)[0]
    ]
    assert parts == whole == sorted(whole)


def test_the_matrix_has_no_empty_cell():
    engine = engine_of(
        Rule("AA"),
        Rule("AA", "LI-ONE", state="proposed"),
        Rule("BB", form="non_binding"),
        Rule("BB", "LI-ONE", kind="none_found"),
        Rule("AA-N", "LI-ONE"),
        Rule("CC", kind="fact", modality="none"),
        Rule("CC", "LI-ONE", state="enacted", more=(("in_force", "2027-01-01"),)),
    )
    found = engine.matrix()
    cell = {(one.economy, one.domain): one.status for one in found.cells}
    assert cell == {
        ("AA", "transparency"): "required",
        ("AA", "liability"): "places only",
        ("BB", "transparency"): "recommended",
        ("BB", "liability"): "none found",
        ("CC", "transparency"): "facts only",
        ("CC", "liability"): "coming",
    }
    assert found.cell("AA", "liability").drafts == 1
    assert engine.matrix(dt.date(1990, 1, 1)).cell("BB", "liability").status == "none found"
    assert engine_of(Rule("AA")).matrix().cell("BB", "liability").status == "not verified"


def test_changes_are_states_beginnings_and_records_in_the_order_of_time():
    law = Rule("AA", state="enacted", since="2026-01-01", valid_from="2026-03-01", more=(("in_force", "2026-02-01"),))  # fmt: skip # noqa: E501
    engine = engine_of(law._replace(recorded="2026-02-10"), Rule("BB", recorded="2025-01-01"))
    found = engine.changes(dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    assert [(one.date, str(one.kind), one.what) for one in found] == [
        ("2026-02-01", "state", "in_force"),
        ("2026-02-10", "recorded", ""),
        ("2026-03-01", "begins", "begins"),
    ]
    assert engine.changes(dt.date(2026, 1, 1), entities=["BB"]) == ()
    assert engine.changes(dt.date(2026, 1, 1), domains=["liability"]) == ()
    draft = Rule("AA", state="proposed", valid_from="2026-03-01", recorded="2025-01-01")
    assert engine_of(draft).changes(dt.date(2026, 1, 1)) == ()
    assert {one.kind for one in found} == {
        ChangeKind.STATE, ChangeKind.RECORDED, ChangeKind.BEGINS,
    }  # fmt: skip


def test_a_brief_has_core_differences_and_unknowns_and_is_always_the_same():
    rules = [
        Rule("AA"),
        Rule("BB"),
        Rule("AA", "TR-TWO"),
        Rule("BB", "LI-ONE", mark="not_verified"),
        Rule("AA", "LI-ONE"),
    ]
    engine = engine_of(*rules)
    found = engine.brief(["BB", "AA"])
    assert [one.objective for one in found.core] == ["TR-ONE"]
    assert found.core[0].same
    assert [one.objective for one in found.differences] == ["TR-TWO"]
    assert {(one.domain, one.objective) for one in found.unknowns} == {
        ("liability", ""),
        ("liability", "LI-ONE"),
    }
    text = brief_markdown(found, engine.corpus)
    assert text == brief_markdown(engine_of(*rules).brief(["AA", "BB"]), engine.corpus)
    assert "AA-000.001" in text
    assert "Facts, not legal advice." in text


@pytest.mark.parametrize(
    ("code", "ask"),
    [
        ("governance.unknown_entity", lambda e: e.compare(["AA", "ATLANTIS"])),
        ("governance.too_few", lambda e: e.compare(["AA"])),
        ("governance.too_few", lambda e: e.applies({}, [])),
        ("governance.unknown_domain", lambda e: e.compare(["AA", "BB"], domains=["weather"])),
        ("governance.day", lambda e: e.compare(["AA", "BB"], as_of=dt.date(1066, 1, 1))),
        ("governance.not_found", lambda e: e.corpus.get_instrument("AA-LOST")),
        ("governance.not_found", lambda e: e.corpus.get_provision("AA-LOST.001")),
    ],
)
def test_what_does_not_exist_is_said(code, ask):
    with pytest.raises(InputRefused) as refused:
        ask(engine_of(Rule("AA"), Rule("BB")))
    assert refused.value.problems[0].code == code


def test_days_that_were_asked_for_are_kept_but_not_for_ever():
    engine = engine_of(Rule("AA"))
    first = engine.comparer(dt.date(2020, 1, 1))
    assert engine.comparer(dt.date(2020, 1, 1)) is first
    for number in range(40):
        engine.comparer(dt.date(2021, 1, 1) + dt.timedelta(number))
    assert engine.comparer(dt.date(2020, 1, 1)) is not first
