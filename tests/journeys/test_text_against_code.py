"""How a code fits its description: asked when a line is cleared, kept, and never asked anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from classification_house import sharing
from tradelane.declarations import mapping
from tradelane.declarations.reader import read
from tradelane.journeys import entries, watching
from tradelane.journeys.deciding import clear_together
from tradelane.journeys.filings import Filed
from tradelane.journeys.intake import Intake, load_intake
from tradelane.journeys.learning import collect
from tradelane.journeys.opening import Order, prepare, put_in_force, scored_anew
from tradelane.journeys.text_against_code import RANKS, kept_told, mismatch, told_in
from tradelane.platform import Tradelane
from tradelane.targeting.service import asks_classifier
from tradelane.trade.declaration import Declaration
from workspaces import Cleared, copy_models

pytestmark = pytest.mark.slow
Opened = Callable[..., Tradelane]
Body = dict[str, Any]


@pytest.fixture
def lane(asking: Cleared, tmp_path: Path, opened: Opened) -> Tradelane:
    """A workspace with the model that learned from the classifier, and nothing declared yet."""
    return sharing(opened(copy_models(asking.home, tmp_path / "home")))


@pytest.fixture
def declarations(lane: Tradelane, asking: Cleared) -> list[Declaration]:
    today = lane.clock.now().date()
    batch = asking.administration.batch
    filings = read(batch, mapping.load("tradelane"), codes=lane.nomenclature, today=today)
    return [filing.declaration for filing in filings if filing.declaration is not None]


@pytest.fixture
def speechless(monkeypatch: pytest.MonkeyPatch) -> Callable[[Tradelane], None]:
    """Takes away the classifier of a workspace."""

    def take(lane: Tradelane) -> None:
        monkeypatch.setitem(vars(lane), "classification", None)

    return take


def scored(lane: Tradelane) -> dict[str, Body]:
    """What the ledger has of every line's score, by subject."""
    with lane.database.read() as tx:
        kept = [stored.entry for stored in lane.ledger.entries(tx)]
    return {one.subject: one.body for one in kept if one.kind == entries.SCORED}


def asked(lane: Tradelane) -> list[bool]:
    """Whether each batch says that it asks, in the order in which they were opened."""
    with lane.database.read() as tx:
        opened = [s.entry for s in lane.ledger.entries(tx) if s.entry.kind == entries.BATCH_OPENED]
    return [one.body["settings"]["text_against_code"] for one in opened]


def order(lane: Tradelane, **given: Any) -> Order:
    model = given.pop("model", None) or lane.targeting.load_latest().ref.digest
    return Order("demo", model, by="sup", reason="Test.", **{"budget": 0.1} | given)


def file_all(lane: Tradelane, intake: Intake, declarations: list[Declaration]) -> None:
    for one in declarations:
        [result] = clear_together(lane, intake, [Filed(one)])
        assert result.status == "accepted"


# ---------------------------------------------------------------- a file


def test_a_file_is_asked_of_because_its_model_learned_from_it(
    asking: Cleared, opened: Opened
) -> None:
    lane = sharing(opened(asking.home))
    assert asked(lane) == [True]
    kept = {subject: told_in(body) for subject, body in scored(lane).items()}
    with lane.database.read() as tx:
        found = [one.declaration for one, _ in lane.declarations.every_version(tx)]
    lines = {
        f"{one.declarant}/{one.reference}/{line.number}": line
        for one in found
        for line in one.lines
    }
    texts = [line.description for line in lines.values()]
    said = lane.classification.likelihoods(texts, limit=RANKS)
    assert kept == {
        subject: mismatch(one, line.hs_code)
        for (subject, line), one in zip(lines.items(), said, strict=True)
    }
    known = [one.mismatch for one in kept.values() if one is not None]
    assert len(known) == asking.administration.rows
    assert 0.0 in known
    assert max(value for value in known if value is not None) > 0.3


def test_a_model_that_did_not_learn_from_it_asks_nobody(
    cleared: Cleared, opened: Opened, monkeypatch: pytest.MonkeyPatch, speechless: Any
) -> None:
    monkeypatch.setenv("TRADELANE_TEXT_AGAINST_CODE", "1")
    lane = opened(cleared.home)
    assert lane.text_against_code
    speechless(lane)
    assert asked(lane) == [False]
    assert {told_in(body) for body in scored(lane).values()} == {None}
    assert prepare(lane, order(lane)).settings["text_against_code"] is False


def test_replay_takes_what_was_kept_and_asks_nobody(
    asking: Cleared, opened: Opened, speechless: Any
) -> None:
    lane = opened(asking.home)
    speechless(lane)
    report = lane.replay()
    assert report.ok, report.text()
    assert report.lines == asking.administration.rows
    subject = max(scored(lane), key=lambda one: scored(lane)[one]["text_mismatch"] or "")
    assert lane.replay(subject).ok
    assert lane.replay(subject.split("/")[1]).ok


# ---------------------------------------------------------------- one by one


def test_a_declaration_alone_gets_the_values_and_scores_of_a_line_in_a_file(
    lane: Tradelane, declarations: list[Declaration], asking: Cleared, opened: Opened
) -> None:
    intake = load_intake(lane, lane.open_intake(order(lane)))
    file_all(lane, intake, declarations)
    assert asked(lane) == [True]
    alone, together = scored(lane), scored(opened(asking.home))
    for body in (*alone.values(), *together.values()):
        del body["batch"]
    assert alone == together
    assert lane.replay().ok


def test_pages_may_ask_the_classifier_while_the_desk_does(
    lane: Tradelane, declarations: list[Declaration], asking: Cleared, opened: Opened
) -> None:
    lane.open_intake(order(lane))
    texts = [line.description for one in declarations for line in one.lines]
    expected = [one.codes[:5] if one else () for one in lane.classification.likelihoods(texts)]
    lane.desk.start()
    waiting = [found for one in declarations[:60] for found in lane.desk.submit([Filed(one)])]
    said = list(lane.classification.suggest_many(texts))
    assert {found.result(60).status for found in waiting} == {"accepted"}
    lane.desk.close()
    assert [tuple((r.code, r.probability) for r in one.ranked) for one in said] == expected
    together = scored(opened(asking.home))
    for subject, body in scored(lane).items():
        assert told_in(body) == told_in(together[subject])


def test_an_order_from_before_there_was_such_a_setting_does_not_ask(
    lane: Tradelane, declarations: list[Declaration], speechless: Any
) -> None:
    opening = prepare(lane, order(lane))
    old = {name: value for name, value in opening.settings.items() if name != "text_against_code"}
    before = replace(opening, settings=old)
    lane.database.write(lambda tx: put_in_force(lane, tx, before))
    speechless(lane)
    intake = load_intake(lane, before.batch_id)
    file_all(lane, intake, declarations[:20])
    assert {told_in(body) for body in scored(lane).values()} == {None}
    assert lane.replay().ok


def test_a_challenger_that_learned_from_it_makes_the_order_ask(
    lane: Tradelane, declarations: list[Declaration], cleared: Cleared
) -> None:
    challenger = lane.targeting.load_latest().ref.digest
    [folder] = (cleared.home / "models" / "targeting").iterdir()
    shutil.copytree(folder, lane.home / "models" / "targeting" / folder.name)
    champion = lane.registry.get_manifest(folder.name)
    assert not asks_classifier(champion)
    given = order(lane, model=champion["digest"], challenger=challenger)
    intake = load_intake(lane, lane.open_intake(given))
    beside = clear_together(lane, intake, [Filed(one) for one in declarations[:30]])
    assert asked(lane) == [True]
    assert None not in {told_in(body) for body in scored(lane).values()}
    assert lane.replay().ok
    alone = load_intake(lane, lane.open_intake(order(lane, model=challenger)))
    again = [replace(one, reference=f"again-{one.reference}") for one in declarations[:30]]
    decided = clear_together(lane, alone, [Filed(one) for one in again])
    shadows = [line.shadow.score for one in beside for line in one.lines if line.shadow]
    assert shadows == [line.row["score"] for one in decided for line in one.lines]


def test_an_amended_declaration_keeps_what_was_said_of_each_version(
    lane: Tradelane, declarations: list[Declaration]
) -> None:
    intake = load_intake(lane, lane.open_intake(order(lane, budget=0.95)))
    filed = [one for one in declarations if len(one.lines) == 1][:5]
    file_all(lane, intake, filed)
    changed = [
        replace(one, lines=(replace(one.lines[0], description="frozen shrimp"),)) for one in filed
    ]
    results = clear_together(lane, intake, [Filed(one, "A slip of the pen.") for one in changed])
    amended = [one.reference for one in results if one.status == "accepted"]
    assert amended, "what waits for an officer can be amended"
    with lane.database.read() as tx:
        kept = [one for one, _ in lane.declarations.every_version(tx)]
        told = {
            (one.declaration.reference, one.version): said
            for one, said in zip(kept, kept_told(lane, tx, kept), strict=True)
        }
    for reference in amended:
        said = told[reference, 2]
        assert said is not None
        assert said.code.startswith("03")
        assert told[reference, 1] not in (None, said)
    assert None not in told.values()
    assert lane.replay().ok


# ---------------------------------------------------------------- what is learned, cut and watched


def test_what_was_cleared_is_learned_from_with_the_values_of_then(
    asking: Cleared, opened: Opened, speechless: Any, tmp_path: Path
) -> None:
    lane = opened(Path(shutil.copytree(asking.home, tmp_path / "copy")))
    speechless(lane)
    ground = lane.targeting.load_latest()
    table = collect(lane, ground.ref.digest)
    kept = {subject: told_in(body) for subject, body in scored(lane).items()}
    own = table.tail(len(kept))
    assert dict(own.select("subject", "text_mismatch").rows()) == {
        subject: one.mismatch for subject, one in kept.items() if one is not None
    }
    before = table.head(table.height - own.height)
    assert before["text_mismatch"].equals(ground.history.table["text_mismatch"])
    assert before["text_mismatch"].count() > 1000
    assert asks_classifier(lane.targeting.train(table, scorer="linear").manifest)


def test_a_cut_is_found_with_what_was_said_then(
    asking: Cleared, opened: Opened, speechless: Any
) -> None:
    lane = opened(asking.home)
    speechless(lane)
    given = order(lane)
    with lane.database.read() as tx:
        past = scored_anew(lane, tx, given, lane.duties("demo"))
    found = {one.subject: f"{one.score:.6f}" for one in past}
    assert found == {subject: body["score"] for subject, body in scored(lane).items()}


def test_where_nobody_asked_then_the_cut_is_found_with_what_is_said_now(
    lane: Tradelane, cleared: Cleared, asking: Cleared, opened: Opened, tmp_path: Path
) -> None:
    """The same lines, cleared with a model that did not ask: a cut for the one that does."""
    home = Path(shutil.copytree(cleared.home, tmp_path / "other"))
    shutil.copytree(asking.home / "models", home / "models", dirs_exist_ok=True)
    other = sharing(opened(home))
    model = lane.targeting.load_latest().ref.digest
    with other.database.read() as tx:
        past = scored_anew(other, tx, order(other, model=model), other.duties("demo"))
    found = {one.subject: f"{one.score:.6f}" for one in past}
    assert found == {s: body["score"] for s, body in scored(opened(asking.home)).items()}


def test_a_model_is_watched_with_the_values_of_then(
    lane: Tradelane,
    declarations: list[Declaration],
    monkeypatch: pytest.MonkeyPatch,
    speechless: Any,
) -> None:
    intake = load_intake(lane, lane.open_intake(order(lane)))
    file_all(lane, intake, declarations[:40])
    speechless(lane)
    seen: list[pl.DataFrame] = []
    columns = watching._columns
    monkeypatch.setattr(
        watching, "_columns", lambda model, lines: (seen.append(lines), columns(model, lines))[1]
    )
    today = lane.clock.now().date()
    watching.watch(lane, intake, today - timedelta(days=1), today + timedelta(days=1))
    [lines] = seen
    kept = {subject: told_in(body) for subject, body in scored(lane).items()}
    assert dict(lines.select("subject", "text_mismatch").rows()) == {
        subject: one.mismatch for subject, one in kept.items() if one is not None
    }
