"""The words that a corpus may use, and how they are said to people."""

from __future__ import annotations

MARKS = {
    "primary": "read in the text",
    "secondary": "secondary source",
    "not_verified": "not verified",
}
"""How a fact was verified, from the strongest to the weakest."""

STATES = ("proposed", "enacted", "in_force", "lapsed", "withdrawn", "repealed", "superseded")
ENDED = frozenset({"lapsed", "withdrawn", "repealed", "superseded"})
FORMS = ("binding", "binding_public_sector", "non_binding")
APPROACHES = ("horizontal", "sectoral")
ORIGINS = ("own", "oecd", "iso", "eu", "other", "none", "not_verified")
AUTHORITY_KINDS = ("existing", "new", "committee", "none", "not_verified")
TYPES = (
    "law",
    "decree",
    "regulation",
    "order",
    "rule",
    "guideline",
    "standard",
    "strategy",
    "plan",
    "code",
    "treaty",
    "agreement",
    "bill",
    "policy",
    "practice",
    "resolution",
    "declaration",
    "report",
    "programme",
    "none",
)
KINDS = (
    "duty",
    "right",
    "prohibition",
    "power",
    "penalty",
    "relief",
    "definition",
    "fact",
    "principle",
    "none_found",
)
ASKING = frozenset({"duty", "right", "prohibition", "power", "penalty", "relief", "principle"})
"""Kinds that ask, allow or threaten something; the others tell what is."""

ACTORS = (
    "developer",
    "provider",
    "deployer",
    "importer",
    "distributor",
    "platform",
    "user",
    "public_body",
    "regulator",
    "government",
    "anyone",
    "controller",
    "processor",
    "conformity_body",
    "supplier",
    "sandbox_participant",
    "rights_holder",
)
OFFICIALS = frozenset({"regulator", "government", "conformity_body"})
"""Who is never the trader of a product."""

MODALITIES = ("must", "must_not", "should", "should_not", "may", "none")
RELATIONS = ("equal", "subset", "superset", "intersects", "contradicts")
SOURCE_KINDS = (
    "primary_text",
    "mirror_text",
    "official_page",
    "law_firm",
    "press",
    "academic",
    "tracker",
    "report",
    "other",
)
RIGHTS = ("public_law", "official_work", "copyright", "open_licence", "unknown")

STANDING = {
    "none": "nothing yet",
    "draft": "a draft, not law",
    "pending": "adopted, not yet in force",
    "binding": "binding",
    "binding_public_sector": "binding on public bodies",
    "non_binding": "not binding",
    "lapsed": "no longer in force",
}
"""What an instrument is on a day."""

ADVICE = "Facts, not legal advice."
NOT_REVIEWED = "not reviewed"
"""What files say of a mapping that no person has reviewed: never a blank."""
