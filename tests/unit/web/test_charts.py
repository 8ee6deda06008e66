"""Charts are well-formed, escaped, the same every time, and their numbers stand in the table."""

from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from tradelane.web import charts
from tradelane.web.charts import Chart
from tradelane.web.translation import translator

SVG = "{http://www.w3.org/2000/svg}"

CHARTS: dict[str, Callable[[], Chart]] = {
    "strip": lambda: charts.strip_plot([4.1, 5.0, 6.2], (4.5, 5.0, 5.6), 1.9, "USD/kg"),
    "wide strip": lambda: charts.strip_plot([0.6, 22, 420], (9, 22, 60), 22, "USD/NMB"),
    "strip of nothing": lambda: charts.strip_plot([], (5, 5, 5), 5, "USD/kg"),
    "bars": lambda: charts.bars([("Red", 81), ("Green", 1399)], "lines", kinds=("red", "green")),
    "no bars": lambda: charts.bars([], "lines"),
    "days": lambda: charts.columns_over_time(
        ["2026-11-21", "2026-11-22"], [("Released", [5, 0], "1"), ("Inspected", [1, 2], "2")]
    ),
    "no days": lambda: charts.columns_over_time([], [("Released", [], "1")]),
    "interval": lambda: charts.interval([("Model", 0.31, 0.38, 0.45)], "hit rate"),
    "no interval": lambda: charts.interval([], "hit rate"),
}


@pytest.fixture(params=sorted(CHARTS))
def made(request: pytest.FixtureRequest) -> Callable[[], Chart]:
    return CHARTS[request.param]


def test_a_chart_is_well_formed_and_says_what_it_is(made: Callable[[], Chart]) -> None:
    root = ElementTree.fromstring(made().svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title")
    assert root.findtext(f"{SVG}desc")


def test_a_chart_keeps_to_the_content_security_policy(made: Callable[[], Chart]) -> None:
    for element in ElementTree.fromstring(made().svg).iter():
        assert not [name for name in element.attrib if name == "style" or name.startswith("on")]
        assert element.tag.removeprefix(SVG) not in ("style", "script", "foreignObject", "image")


def test_a_chart_is_the_same_every_time(made: Callable[[], Chart]) -> None:
    assert made() == made()


def test_every_row_of_the_table_has_a_cell_in_every_column(made: Callable[[], Chart]) -> None:
    chart = made()
    assert chart.caption
    assert all(len(row) == len(chart.columns) for row in chart.rows)


def test_everything_drawn_lies_inside_the_picture(made: Callable[[], Chart]) -> None:
    root = ElementTree.fromstring(made().svg)
    _x, _y, width, height = (float(n) for n in root.attrib["viewBox"].split())
    for element in root.iter():
        for name, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
            assert 0 <= float(element.get(name, 0)) <= most
        if element.tag == f"{SVG}rect":
            assert float(element.attrib["x"]) + float(element.attrib["width"]) <= width
            assert float(element.attrib["height"]) >= 0


def test_the_numbers_of_a_strip_plot_stand_in_its_table_and_its_description() -> None:
    chart = CHARTS["strip"]()
    assert dict(chart.rows) == {
        "Declared here": "1.9",
        "Lower quartile": "4.5",
        "Median": "5",
        "Upper quartile": "5.6",
        "Smallest": "4.1",
        "Largest": "6.2",
        "Comparable lines": "3",
    }
    about = ElementTree.fromstring(chart.svg).findtext(f"{SVG}desc")
    assert about is not None
    assert "3 comparable lines" in about
    assert "Declared: 1.9 USD/kg, below the middle half" in about


def test_a_strip_plot_draws_one_dot_for_each_comparable_line_and_marks_the_declared_one() -> None:
    classes = [e.get("class") for e in ElementTree.fromstring(CHARTS["strip"]().svg).iter()]
    assert classes.count("dot") == 3
    assert classes.count("mine") == 1


@pytest.mark.parametrize(("values", "logarithmic"), [([1, 99], False), ([1, 101], True)])
def test_a_spread_of_over_two_orders_is_drawn_on_a_log_scale(
    values: list[float], logarithmic: bool
) -> None:
    svg = charts.strip_plot(values, (10, 20, 30), 20, "USD/kg").svg
    ticks = {e.text for e in ElementTree.fromstring(svg).iter(f"{SVG}text")}
    assert ({"1", "10", "100"} <= ticks) is logarithmic


def test_values_of_nought_and_below_do_not_break_the_scale() -> None:
    assert (
        ElementTree.fromstring(charts.strip_plot([0, 5000], (0, 1, 2), 0, "USD/kg").svg) is not None
    )
    assert ElementTree.fromstring(charts.interval([("Change", -5, -1, 2)], "%").svg) is not None


def test_columns_are_as_high_as_their_values() -> None:
    root = ElementTree.fromstring(CHARTS["days"]().svg)
    heights = [
        float(e.attrib["height"]) for e in root.iter(f"{SVG}rect") if e.get("height") != "12"
    ]
    five, one, two = heights
    assert five == pytest.approx(5 * one, abs=0.5)
    assert two == pytest.approx(2 * one, abs=0.5)


def test_a_label_cannot_break_out_of_the_picture() -> None:
    nasty = '<script>alert("1")</script>&'
    chart = charts.bars([(nasty, 1)], nasty, title=nasty)
    root = ElementTree.fromstring(chart.svg)
    assert "<script" not in chart.svg
    assert root.findtext(f"{SVG}title") == nasty
    assert chart.rows[0][0] == nasty


def test_a_long_label_is_shortened_in_the_picture_and_whole_in_the_table() -> None:
    label = "Machinery and mechanical appliances, boilers, and parts thereof"
    chart = charts.bars([(label, 3)], "lines")
    shown = [e.text for e in ElementTree.fromstring(chart.svg).iter(f"{SVG}text")]
    assert any(text and text.endswith("…") for text in shown)
    assert chart.rows == ((label, "3"),)


def test_a_chart_speaks_the_readers_language() -> None:
    chart = charts.strip_plot([4.1], (4.5, 5.0, 5.6), 1.9, "USD/kg", words=translator("ko"))
    assert ("중앙값", "5") in chart.rows
    assert "비교 대상 1란" in chart.svg
