"""Published changes as feeds: Atom (RFC 4287) and JSON Feed 1.1, the same entries in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from tradelane.contributions.model import Record

ATOM = "application/atom+xml"
JSON_FEED = "application/feed+json"


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed: its title, where it is, where people read the same, and its records, newest first.

    ``site``: scheme, host and port of the public URL; ``updated``: RFC 3339, also where it has no
    record.
    """

    site: str
    title: str
    path: str
    home: str
    updated: str
    records: Sequence[Record]

    def atom(self) -> bytes:
        """As XML."""
        entries = Markup("").join(_atom_entry(self.site, one) for one in self.records)
        return _ATOM.format(
            id=self.site + self.path,
            title=self.title,
            updated=self.updated,
            me=self.site + self.path,
            home=self.site + self.home,
            entries=entries,
        ).encode()

    def json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "version": "https://jsonfeed.org/version/1.1",
            "title": self.title,
            "home_page_url": self.site + self.home,
            "feed_url": self.site + self.path,
            "items": [_json_item(self.site, one) for one in self.records],
        }


_ATOM = Markup(
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">\n'
    "<id>{id}</id>\n<title>{title}</title>\n<updated>{updated}</updated>\n"
    '<link rel="self" type="application/atom+xml" href="{me}"/>\n'
    '<link rel="alternate" type="text/html" href="{home}"/>\n'
    "{entries}</feed>\n"
)
_ENTRY = Markup(
    "<entry>\n<id>{url}</id>\n<title>{title}</title>\n<updated>{updated}</updated>\n"
    '<link rel="alternate" type="text/html" href="{url}"/>\n'
    "<author><name>{author}</name></author>\n{categories}"
    '<summary type="text">{summary}</summary>\n</entry>\n'
)
_CATEGORY = Markup('<category term="{term}"/>\n')


def address_of(site: str, record: Record) -> str:
    """Where a published change can be read for ever; also its id in every feed."""
    return f"{site}/hub/published/{record.id}"


def _author(record: Record) -> str:
    return record.organisation or "Tradelane"


def _atom_entry(site: str, one: Record) -> Markup:
    return _ENTRY.format(
        url=address_of(site, one),
        title=one.title,
        updated=one.published_at,
        author=_author(one),
        categories=Markup("").join(
            _CATEGORY.format(term=term) for term in (*one.economies, *one.domains)
        ),
        summary=one.reason,
    )


def _json_item(site: str, one: Record) -> dict[str, Any]:
    return {
        "id": address_of(site, one),
        "url": address_of(site, one),
        "title": one.title,
        "content_text": one.reason,
        "date_published": one.published_at,
        "authors": [{"name": _author(one)}],
        "tags": [*one.economies, *one.domains],
    }
