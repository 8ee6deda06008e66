"""A curve shows its points, their intervals and what to compare with, and has a table of them."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from tradelane.web.curves import Point, curve

POINTS = [Point(1, 0.5, 0.4, 0.6, "first", shown=True), Point(5, 0.3, 0.25, 0.36, "last")]


def test_a_curve_is_a_picture_with_a_title_a_description_and_a_table():
    chart = curve(POINTS, "Inspected, %", "Precision", title="By budget", name_label="Name")
    root = ElementTree.fromstring(chart.svg)
    text = " ".join(root.itertext())
    assert "By budget" in text
    assert "first 1: 0.5" in text
    assert chart.columns == ("Name", "Inspected, %", "Precision", "Low", "High")
    assert chart.rows[0] == ("first", "1", "0.5", "0.4", "0.6")


def test_without_intervals_the_table_has_no_columns_for_them():
    chart = curve([Point(0, 1), Point(1, 0)], "x", "y", title="t")
    assert chart.columns == ("x", "y")
    assert chart.rows == (("0", "1"), ("1", "0"))


def test_what_it_is_compared_with_is_dashed_and_named():
    line = ("What <chance> finds", [(0.0, 0.1), (5.0, 0.1)])
    chart = curve(POINTS, "x", "y", title="t", compared=line)
    assert "stroke-dasharray" in chart.svg
    assert "What &lt;chance&gt; finds" in chart.svg


def test_every_point_lies_inside_the_picture():
    points = [Point(x, y, y / 2, y * 2) for x, y in [(0.0, 0.0), (100.0, 3.0), (50.0, 1.0)]]
    svg = curve(points, "x", "y", title="t").svg
    circles = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', svg)
    assert len(circles) == 3
    assert all(0 <= float(x) <= 480 and 0 <= float(y) <= 250 for x, y in circles)


def test_no_points_are_no_error():
    assert "No values" in curve([], "x", "y", title="t").svg
