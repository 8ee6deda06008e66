"""What traders and visitors read is there in every language, and the files hold what pages say."""

import tomllib
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from tradelane.declarations.mapping import load, shipped
from tradelane.journeys.demonstration import ACCOUNTS
from tradelane.web.routes.sign_in import DEMO_WORDS
from tradelane.web.routes.trader_upload import MAPPING_WORDS
from tradelane.web.translation import LANGUAGES, SOURCE

WEB = Path(str(files("tradelane.web")))
TRANSLATED = sorted(set(LANGUAGES) - {SOURCE})
OFFICIAL = (
    "templates/officer/",
    "templates/models/",
    "templates/monitoring/",
    "templates/oversight/",
    "templates/audit/",
    "templates/rules/",
    "templates/hub/case_form.html",
    "templates/hub/proposal.html",
    "templates/hub/proposal_check.html",
    "templates/hub/proposal_choose.html",
    "templates/hub/proposal_form.html",
    "templates/hub/survey_new.html",
    "templates/hub/survey_words.html",
    "templates/macros/deciding.html",
    "templates/gallery.html",
    "templates/account/handed.html",
    "templates/account/new_person.html",
    "templates/account/organisation.html",
    "templates/account/organisations.html",
    "templates/account/people.html",
    "templates/account/person.html",
    "case_page.py",
    "case_views.py",
    "curves.py",
    "finding_forms.py",
    "model_charts.py",
    "queue_filter.py",
    "record_views.py",
    "routes/audit.py",
    "routes/cases.py",
    "routes/findings.py",
    "routes/models.py",
    "routes/monitoring.py",
    "routes/overview.py",
    "routes/people.py",
    "routes/queue.py",
    "routes/rules.py",
    "routes/rules_drafts.py",
    "routes/selection.py",
)
"""Pages of officers, supervisors, auditors and administrators: translated later, English until
then. Every other page, and a new one, is for traders and visitors and has to be complete."""

Message = str | tuple[str, ...]


@cache
def collected() -> dict[Message, frozenset[str]]:
    """Every sentence that the pages mark, and where it stands."""
    rules = tomllib.loads((WEB / "locales" / "extract.toml").read_text())["mappings"]
    found: dict[Message, set[str]] = {}
    for name, _line, message, _comments, _context in extract_from_dir(
        WEB,
        method_map=[(rule["pattern"], rule["method"]) for rule in rules],
        options_map={rule["pattern"]: {"trimmed": rule.get("trimmed", "")} for rule in rules},
    ):
        found.setdefault(message, set()).add(name)
    return {message: frozenset(names) for message, names in found.items()}


@cache
def catalogue(tag: str) -> Catalog:
    source = (WEB / "locales" / tag / "messages.po").read_bytes()
    return read_po(BytesIO(source), locale=tag, abort_invalid=True)


def needed() -> list[Message]:
    """What somebody who is not of the administration can be shown."""
    return [
        message
        for message, names in collected().items()
        if not all(name.startswith(OFFICIAL) for name in names)
    ]


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_sentence_for_traders_and_visitors_is_translated(tag: str) -> None:
    assert len(needed()) > 500
    known = catalogue(tag)
    missing = []
    for message in needed():
        found = known.get(message)
        texts = () if found is None or found.fuzzy else found.string
        forms = (texts,) if isinstance(texts, str) else tuple(texts)
        wanted = known.num_plurals if isinstance(message, tuple) else 1
        if len(forms) != wanted or not all(forms):
            missing.append(message)
    assert missing == []


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_file_holds_exactly_the_sentences_that_the_pages_say(tag: str) -> None:
    known = {message.id for message in catalogue(tag) if message.id}
    assert known == set(collected()), "take up new sentences: docs/how-to/translate.md"


@pytest.mark.parametrize("name", ["officer", "oversight", "audit"])
def test_pages_of_the_administration_are_collected_for_a_later_translation(name: str) -> None:
    places = {place for names in collected().values() for place in names}
    assert any(place.startswith(f"templates/{name}/") for place in places)


def test_exempt_pages_exist() -> None:
    for name in OFFICIAL:
        assert (WEB / name).exists(), name


def test_sentences_of_other_storeys_are_marked_as_they_are_said() -> None:
    assert set(DEMO_WORDS) == {person.what for person in ACCOUNTS}
    assert set(MAPPING_WORDS) == {load(name).title for name in shipped()}


def test_no_sentence_is_put_together_inside_an_f_string() -> None:
    for path in (*WEB.rglob("*.py"), *WEB.rglob("*.html")):
        text = path.read_text()
        assert '_(f"' not in text, path.name
        assert "_(f'" not in text, path.name
