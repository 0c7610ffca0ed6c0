from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from django_capi.admin.charts import ChartLine, Segment, bar, lines, stack

HOSTILE = '"><script>alert(1)</script>'


def test_a_bar_is_as_wide_as_its_share() -> None:
    drawing = ET.fromstring(bar(0.421, tone="good", label="42.1%"))

    track, fill = drawing.findall("rect")
    assert (track.get("width"), fill.get("width"), fill.get("class")) == ("100%", "42.10%", "capi-fill-good")
    assert drawing.findtext("title") == "42.1%"


def test_a_goal_is_marked() -> None:
    drawing = ET.fromstring(bar(0.4, tone="poor", label="40%", goal=0.75))

    assert drawing.findall("rect")[-1].get("x") == "75.00%"


@pytest.mark.parametrize("drawn", [bar(None, tone="quiet", label=""), stack((), label="")], ids=["bar", "stack"])
def test_nothing_is_not_drawn(drawn: str) -> None:
    assert drawn == ""


def test_segments_stand_side_by_side_and_fill_the_whole() -> None:
    parts = [Segment(tone="browser", count=1, label="one"), Segment(tone="server", count=3, label="three")]

    rects = ET.fromstring(stack(parts, label="all")).findall("rect")

    assert [(rect.get("x"), rect.get("width")) for rect in rects] == [("0.00%", "25.00%"), ("25.00%", "75.00%")]


def test_labels_are_text() -> None:
    part = Segment(tone="server", count=1, label=HOSTILE)

    drawn = bar(1.0, tone="good", label=HOSTILE) + stack([part], label=HOSTILE)

    assert HOSTILE not in drawn


def test_lines_reach_from_side_to_side_and_up_to_the_largest_value() -> None:
    drawn = lines(
        [ChartLine(tone="browser", label="b", values=[0, 5, 10]), ChartLine(tone="server", label="s", values=[4])],
        label=HOSTILE,
        height=26,
    )

    browser, server = ET.fromstring(drawn).findall("polyline")
    assert browser.get("points") == "0.00,23.00 50.00,13.00 100.00,3.00"
    assert server.get("points") == "0.00,15.00 100.00,15.00"
    assert HOSTILE not in drawn


def test_lines_of_nothing_are_not_drawn() -> None:
    assert lines([ChartLine(tone="server", label="s", values=[0, 0])], label="") == ""
