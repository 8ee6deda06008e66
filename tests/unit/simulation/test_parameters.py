"""Parameters are data: what is wrong with them is said, all of it, with its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from tradelane.kit import packs
from tradelane.kit.errors import InputRefused
from tradelane.simulation.commands import simulate
from tradelane.simulation.model import SCHEMES, read_parameters
from tradelane.simulation.service import simulate as make_up


@pytest.fixture
def territory(tmp_path: Path) -> Path:
    """A copy of the demonstration territory that a test may spoil."""
    folder = tmp_path / "territory"
    shutil.copytree(packs.SHIPPED / "demo", folder)
    return folder


def spoil(territory: Path, name: str, old: str, new: str) -> None:
    text = (territory / name).read_text("utf-8")
    assert old in text
    (territory / name).write_text(text.replace(old, new, 1), "utf-8")


def test_the_shipped_parameters_are_read_and_documented() -> None:
    parameters = read_parameters(packs.load("demo"))
    assert len(parameters.products) >= 150
    assert set(parameters.schemes) == set(SCHEMES)
    assert all(s.words and s.trace for s in parameters.schemes.values())
    assert {o.mode for o in parameters.offices} == {"1", "4", "5"}


def test_all_wrong_parameters_are_reported_at_once_with_pointers(territory: Path) -> None:
    spoil(territory, "simulation.yaml", "fraud_rate: 0.049", "fraud_rate: 4.9")
    spoil(territory, "simulation.yaml", "hubs: [SG", "hubs: [XX")
    spoil(territory, "simulation.yaml", "found: 0.85", "found: most")
    with pytest.raises(InputRefused) as refused:
        read_parameters(packs.load(territory))
    pointers = {p.pointer for p in refused.value.problems}
    assert pointers == {"/schemes/fraud_rate", "/goods/hubs/0", "/selection/found"}
    assert {p.code for p in refused.value.problems} == {"simulation.parameter_invalid"}


def test_a_wrong_product_is_reported_with_its_line(territory: Path) -> None:
    spoil(territory, "simulation_products.csv", "AU 5;NZ 4;US 2", "AU 5;ZZ 4")
    spoil(territory, "simulation_products.csv", "frz pork belly|pork loin frozen,3.4", "x,free")
    with pytest.raises(InputRefused) as refused:
        read_parameters(packs.load(territory))
    assert [(p.code, p.line) for p in refused.value.problems] == [
        ("simulation.product_invalid", 2),
        ("simulation.product_invalid", 3),
    ]


def test_a_pack_without_a_simulation_is_refused(territory: Path) -> None:
    (territory / "simulation.yaml").unlink()
    with pytest.raises(InputRefused) as refused:
        read_parameters(packs.load(territory))
    assert refused.value.problems[0].code == "simulation.no_parameters"


def test_a_currency_without_a_rate_is_refused(territory: Path, tmp_path: Path) -> None:
    spoil(territory, "simulation.yaml", "{AUD: 5, USD: 4, XMD: 1}", "{ZWL: 5}")
    with pytest.raises(InputRefused) as refused:
        make_up(1, 400, 60, packs.load(territory), tmp_path / "out")
    assert refused.value.problems[0].code == "simulation.no_exchange_rate"


def test_without_a_relief_there_is_nothing_to_split(territory: Path, tmp_path: Path) -> None:
    (territory / "relief.yaml").write_text("relief: []\n", "utf-8")
    with pytest.raises(InputRefused) as refused:
        make_up(1, 400, 60, packs.load(territory), tmp_path / "out")
    assert refused.value.problems[0].code == "simulation.nothing_to_split"


def test_the_command_says_what_it_wrote_and_what_to_try_next(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        simulate, ["--declarations", "500", "--days", "60", "--out", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    assert "Fraud: " in result.output
    assert "tradelane clear" in result.output
    assert (tmp_path / "out" / "week.csv").is_file()
