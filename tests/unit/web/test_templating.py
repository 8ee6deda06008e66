"""The gallery shows every macro: what holds for it holds for the pages that are built from them."""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError

from tradelane.web.gallery import gallery_context
from tradelane.web.templating import STATIC, TEMPLATES, environment, static, static_files
from tradelane.web.translation import LANGUAGES, page_words

CSS = (STATIC / "css" / "tradelane.css").read_text()
PAGES = environment()
VOID = {"meta", "link", "input", "br", "hr", "img"}


class Reader(HTMLParser):
    """The elements of a page, with the names of the elements that were left open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.wrong: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.wrong.append(tag)

    def values(self, attribute: str) -> list[str]:
        return [str(a[attribute]) for _tag, a in self.elements if a.get(attribute) is not None]


def gallery(locale: str = "en", **changes: Any) -> str:
    page: str = (
        environment().get_template("gallery.html").render(gallery_context(locale, **changes))
    )
    return page


def page(source: str, **context: Any) -> str:
    given = {**page_words("en"), "csrf": "secret", "principal": None, **context}
    return PAGES.from_string(source).render(given)


@pytest.mark.parametrize("locale", sorted(LANGUAGES))
def test_every_element_is_closed_and_no_id_is_used_twice(locale: str) -> None:
    found = Reader(gallery(locale))
    assert found.wrong == []
    assert found.stack == []
    assert [name for name, times in Counter(found.values("id")).items() if times > 1] == []
    assert len(found.elements) > 500


def test_nothing_on_a_page_needs_a_weaker_content_security_policy() -> None:
    for tag, attributes in Reader(gallery()).elements:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert tag != "style"
        if tag == "script":
            assert str(attributes["src"]).startswith("/static/")


def test_labels_descriptions_and_errors_point_at_what_is_there() -> None:
    found = Reader(gallery())
    ids = set(found.values("id"))
    for attribute in ("for", "aria-describedby", "aria-labelledby", "list"):
        targets = [name for value in found.values(attribute) for name in value.split()]
        assert targets
        assert set(targets) <= ids, attribute
    summary = [a for a in found.values("href") if a.startswith("#lines-")]
    assert summary == ["#lines-0-hs_code", "#lines-0-net_mass"]
    assert {a.removeprefix("#") for a in summary} <= ids


def test_every_field_has_a_label() -> None:
    found = Reader(gallery())
    labelled = set(found.values("for"))
    fields = [
        a
        for tag, a in found.elements
        if tag in ("select", "textarea") or (tag == "input" and a.get("type") != "hidden")
    ]
    assert len(fields) > 15
    assert [a["id"] for a in fields if a["id"] not in labelled] == []


def test_every_form_that_posts_carries_the_token() -> None:
    shown = gallery()
    assert shown.count('method="post"') == shown.count('name="csrf" value="not-a-secret"') == 3


def test_a_form_that_gets_does_not_put_the_token_into_the_address() -> None:
    shown = page(
        '{% from "macros/forms.html" import form with context %}'
        '{% call form("/queue", method="get") %}{% endcall %}'
    )
    assert "csrf" not in shown


def test_what_people_typed_is_shown_as_text() -> None:
    shown = page(
        '{% from "macros/forms.html" import field, textarea, error_summary with context %}'
        '{% from "macros/display.html" import facts, timeline, table with context %}'
        '{{ field("a", x, x, hint=x, error=x, suffix=x) }}{{ textarea("b", x, x) }}'
        '{{ error_summary([{"code": x, "message": x, "pointer": x, "hint": x}]) }}'
        '{{ facts([(x, x)]) }}{{ timeline([{"title": x, "text": x}]) }}'
        '{{ table([{"label": x}], [[x]], x) }}',
        x='"><script>alert(1)</script>',
    )
    assert "<script" not in shown
    assert '="">' not in shown
    assert shown.count("&lt;script&gt;") > 12


def test_a_message_in_the_problems_is_shown_at_its_field() -> None:
    shown = page(
        '{% from "macros/forms.html" import field with context %}'
        '{{ field("lines-0-mass", "Mass", error=problems|error_at("lines-0-mass")) }}',
        problems=[
            {"code": "a.b", "message": "No mass.", "hint": "Weigh it.", "pointer": "/lines/0/mass"}
        ],
    )
    assert 'aria-invalid="true"' in shown
    assert "No mass. Weigh it." in shown


def test_a_lane_is_told_by_shape_and_word() -> None:
    shown = page(
        '{% from "macros/display.html" import lane with context %}'
        '{{ lane("red") }}|{{ lane("yellow") }}|{{ lane("green") }}'
    ).split("|")
    assert len({re.sub(r"lane-\w+|Red|Yellow|Green", "", part) for part in shown}) == 3
    assert [word in part for word, part in zip(("Red", "Yellow", "Green"), shown)] == [True] * 3


def test_a_template_is_strict_about_what_it_is_given() -> None:
    with pytest.raises(UndefinedError):
        page("{{ nothing_of_that_name }}")


def test_a_person_who_has_not_signed_in_is_offered_to() -> None:
    shown = gallery(principal=None)
    assert 'href="/sign-in"' in shown
    assert "/sign-out" not in shown


def test_the_theme_and_the_density_are_the_readers() -> None:
    assert '<html lang="en" dir="ltr" data-density="roomy">' in gallery()
    shown = gallery("ko", theme="dark", density="compact")
    assert '<html lang="ko" dir="ltr" data-density="compact" data-theme="dark">' in shown


def test_a_static_address_changes_with_its_content() -> None:
    assert re.fullmatch(r"/static/js/theme\.js\?v=[0-9a-f]{12}", static("js/theme.js"))
    with pytest.raises(KeyError):
        static("js/nothing.js")


def test_pages_stay_small_enough_for_a_slow_line() -> None:
    scripts = sum(p.stat().st_size for p in STATIC.glob("js/*.js"))
    assert len(CSS.encode()) < 21_200
    assert scripts < 12_000
    assert len(gallery().encode()) + len(CSS.encode()) + scripts < 70_000


def test_nothing_comes_from_another_place() -> None:
    sources = [*TEMPLATES.rglob("*.html"), *(STATIC / name for name in static_files())]
    assert len(sources) >= 10
    for source in sources:
        text = Path(source).read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"[\"'=(]\s*https?://|@import|url\(", text), source.name


def test_the_style_sheet_has_no_side_that_a_right_to_left_page_would_get_wrong() -> None:
    assert not re.search(r"(margin|padding|border)-(left|right)|text-align: (left|right)", CSS)


TEXT_ON = [  # (ink, ground, the least contrast that WCAG 2.2 AA asks for)
    *[(ink, ground, 4.5) for ink in ("ink", "soft", "sea") for ground in ("paper", "surface")],
    *[(ink, "sunk", 4.5) for ink in ("ink", "soft", "sea")],
    *[(ink, f"{ink}-bg", 4.5) for ink in ("red", "yellow", "green", "sea")],
    *[("ink", f"{kind}-bg", 4.5) for kind in ("red", "yellow", "green", "sea")],
    *[("sea", f"{kind}-bg", 4.5) for kind in ("red", "yellow", "green")],
    *[("red", ground, 4.5) for ground in ("paper", "surface")],
    *[("coral", ground, 4.5) for ground in ("paper", "surface")],
    ("on-sea", "sea", 4.5),
    ("on-sea", "sea-hover", 4.5),
    ("on-deep", "deep", 4.5),
    ("on-deep-soft", "deep", 4.5),
    *[("edge", ground, 3.0) for ground in ("paper", "surface")],
    *[("focus", ground, 3.0) for ground in ("paper", "surface", "sunk")],
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_can_be_read_in_both_themes(theme: str) -> None:
    tokens = _tokens(theme)
    weak = [
        (ink, ground, round(_contrast(tokens[ink], tokens[ground]), 2))
        for ink, ground, least in TEXT_ON
        if _contrast(tokens[ink], tokens[ground]) < least
    ]
    assert weak == []


def test_dark_by_device_and_dark_by_choice_are_the_same_colours() -> None:
    by_device = re.search(r':root:not\(\[data-theme="light"\]\) \{(.*?)\}', CSS, re.DOTALL)
    by_choice = re.search(r':root\[data-theme="dark"\] \{(.*?)\}', CSS, re.DOTALL)
    assert by_device
    assert by_choice
    assert by_device[1].split() == by_choice[1].split()


def _tokens(theme: str) -> dict[str, str]:
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})\b", CSS[: CSS.index("@media")]))
    if theme == "dark":
        block = CSS[CSS.index(':root[data-theme="dark"]') :]
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})\b", block[: block.index("}")]))
    return found


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
