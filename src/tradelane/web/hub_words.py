"""What the hub calls things: the words of the corpus in the reader's language.

The corpus speaks in ids and in English. Its vocabulary (states, forms, marks, domains, facts of a
product) is short and is translated; what it says of an instrument is shown in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradelane.governance.conditions import TIER, Condition
from tradelane.governance.corpus import Corpus
from tradelane.governance.model import Entity, Instrument
from tradelane.web.economies import economies
from tradelane.web.translation import N_, SOURCE, Translator

WORDS: Mapping[str, Mapping[str, str]] = {
    "verdict": {
        "same": N_("Same"),
        "stricter": N_("Stricter"),
        "different": N_("Different"),
        "silent": N_("Silent"),
        "conflicting": N_("Conflicting"),
        "not_verified": N_("Not verified"),
    },
    "force": {
        "required": N_("Required"),
        "required of public bodies": N_("Public bodies only"),
        "urged by law": N_("Urged by law"),
        "recommended": N_("Recommended"),
        "left open": N_("Left open"),
        "stated": N_("Stated"),
        "facts only": N_("Facts only"),
        "places only": N_("Places only"),
        "coming": N_("Coming"),
        "draft only": N_("Draft only"),
        "none found": N_("None found"),
        "not verified": N_("Not verified"),
        "right": N_("A right of people"),
        "relief": N_("Allowed or eased"),
        "penalty": N_("A penalty"),
        "power": N_("A power of authorities"),
        "class": N_("A class of products"),
    },
    "effect": {
        "do": N_("What to do"),
        "avoid": N_("What not to do"),
        "right": N_("Rights of people"),
        "relief": N_("What is allowed or eased"),
        "penalty": N_("What a breach can cost"),
        "power": N_("What authorities can do"),
        "class": N_("What the product counts as"),
    },
    "standing": {
        "none": N_("Nothing yet"),
        "draft": N_("Draft, not law"),
        "pending": N_("Adopted, not yet in force"),
        "binding": N_("Binding"),
        "binding_public_sector": N_("Binding on public bodies"),
        "non_binding": N_("Not binding"),
        "lapsed": N_("No longer in force"),
    },
    "state": {
        "proposed": N_("proposed"),
        "enacted": N_("adopted"),
        "in_force": N_("in force"),
        "lapsed": N_("lapsed"),
        "withdrawn": N_("withdrawn"),
        "repealed": N_("repealed"),
        "superseded": N_("superseded"),
    },
    "mark": {
        "primary": N_("Read in the text"),
        "secondary": N_("Secondary source"),
        "not_verified": N_("Not verified"),
    },
    "type": {
        "law": N_("law"),
        "decree": N_("decree"),
        "regulation": N_("regulation"),
        "order": N_("order"),
        "rule": N_("rule"),
        "guideline": N_("guideline"),
        "standard": N_("standard"),
        "strategy": N_("strategy"),
        "plan": N_("plan"),
        "code": N_("code"),
        "treaty": N_("treaty"),
        "agreement": N_("agreement"),
        "bill": N_("bill"),
        "policy": N_("policy"),
        "practice": N_("practice"),
        "resolution": N_("resolution"),
        "declaration": N_("declaration of principles"),
        "report": N_("report"),
        "programme": N_("programme"),
        "none": N_("record of a search"),
    },
    "kind": {
        "duty": N_("duty"),
        "right": N_("right"),
        "prohibition": N_("prohibition"),
        "power": N_("power"),
        "penalty": N_("penalty"),
        "relief": N_("relief"),
        "definition": N_("definition"),
        "fact": N_("fact"),
        "principle": N_("principle"),
        "none_found": N_("nothing found"),
    },
    "modality": {
        "must": N_("must"),
        "must_not": N_("must not"),
        "should": N_("should"),
        "should_not": N_("should not"),
        "may": N_("may"),
        "none": N_("no verb"),
    },
    "actor": {
        "developer": N_("developer"),
        "provider": N_("provider"),
        "deployer": N_("deployer"),
        "importer": N_("importer"),
        "distributor": N_("distributor"),
        "platform": N_("platform"),
        "user": N_("user"),
        "public_body": N_("public body"),
        "regulator": N_("regulator"),
        "government": N_("government"),
        "anyone": N_("anyone"),
        "controller": N_("controller of data"),
        "processor": N_("processor of data"),
        "conformity_body": N_("conformity body"),
        "supplier": N_("supplier"),
        "sandbox_participant": N_("participant of a sandbox"),
        "rights_holder": N_("holder of rights"),
    },
    "relation": {
        "equal": N_("is the same as"),
        "subset": N_("is a part of"),
        "superset": N_("goes beyond"),
        "intersects": N_("overlaps with"),
        "contradicts": N_("contradicts"),
    },
    "source": {
        "primary_text": N_("the text itself"),
        "mirror_text": N_("a copy of the text"),
        "official_page": N_("official page"),
        "law_firm": N_("law firm"),
        "press": N_("press"),
        "academic": N_("academic"),
        "tracker": N_("tracker"),
        "report": N_("report"),
        "other": N_("other"),
    },
    "rights": {
        "public_law": N_("law, free to all"),
        "official_work": N_("official work"),
        "copyright": N_("copyright"),
        "open_licence": N_("open licence"),
        "unknown": N_("rights not known"),
    },
    "five": {
        "definition": N_("Definition of AI"),
        "form": N_("Legal form"),
        "approach": N_("Approach"),
        "authority": N_("Authority"),
        "focus": N_("Focus areas"),
    },
    "value": {
        "own": N_("own definition"),
        "oecd": N_("OECD definition"),
        "iso": N_("ISO/IEC definition"),
        "eu": N_("definition of the EU AI Act"),
        "other": N_("other"),
        "none": N_("none"),
        "not_verified": N_("not verified"),
        "binding": N_("binding"),
        "binding_public_sector": N_("binding on public bodies"),
        "non_binding": N_("not binding"),
        "horizontal": N_("horizontal"),
        "sectoral": N_("by sector"),
        "existing": N_("existing body"),
        "new": N_("new body"),
        "committee": N_("committee"),
        "yes": N_("yes"),
        "no": N_("no"),
    },
    "change": {
        "state": N_("Became"),
        "begins": N_("Begins"),
        "ends": N_("No longer holds"),
        "recorded": N_("Recorded here"),
    },
    "entity": {
        "economy": N_("economy"),
        "place": N_("place within an economy"),
        "forum": N_("forum"),
        "agreement": N_("agreement"),
    },
    "domain": {
        "transparency": N_("Transparency"),
        "accountability": N_("Accountability"),
        "testing_evaluation": N_("Testing and evaluation"),
        "liability": N_("Liability"),
        "human_oversight": N_("Human oversight"),
        "data_governance": N_("Data governance"),
        "incident_reporting": N_("Incident reporting"),
        "registration_conformity": N_("Registration and conformity"),
        "penalties": N_("Penalties"),
        "sandbox": N_("Sandboxes and support"),
        "labelling": N_("Labelling of AI content"),
        "prohibited_practices": N_("Prohibited practices"),
        "procurement": N_("Public procurement"),
        "cross_border_data": N_("Cross-border data"),
        "intellectual_property": N_("Intellectual property"),
        "consumer_protection": N_("Consumer protection"),
        "trade_norms": N_("Trade norms"),
        "definition": N_("Definition of AI"),
        "authority": N_("Authorities"),
        "focus": N_("Scope and focus"),
    },
}
"""Groups of words by their ids in the corpus; a test compares them with its vocabulary."""

MARKS_TOLD = {
    "primary": N_("Somebody read the text itself, or a faithful copy of it, on the day named."),
    "secondary": N_(
        "It is told by somebody who read the text: a law firm, a ministry's page, the press. The "
        "text itself may say more, or less."
    ),
    "not_verified": N_("It was heard of, and nobody has confirmed it. No comparison rests on it."),
}

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (N_("You and the product"), ("role", "established", "customer", "sector")),
    (N_("What it does"), ("use", "autonomy", "generative", "public_facing")),
    (N_("Whom and what it touches"), ("personal_data", "acts_on", "training", "scale")),
)
"""The facts of a product in the order in which they are asked."""

FACTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "role": (
        N_("What you do with the product"),
        {
            "developer": N_("develop it"),
            "provider": N_("place it on the market under my name"),
            "deployer": N_("use it in my own work"),
            "importer": N_("bring it into the economy"),
            "distributor": N_("pass it on"),
            "platform": N_("host content or services of others"),
        },
    ),
    "use": (
        N_("What the product does"),
        {
            "general": N_("general-purpose model or assistant"),
            "content_generation": N_("makes text, images, sound or video"),
            "chatbot": N_("talks with people"),
            "companion": N_("imitates a human relationship"),
            "recommendation": N_("ranks or recommends content or goods"),
            "pricing": N_("sets prices"),
            "recruitment": N_("selects or manages workers"),
            "credit": N_("judges credit or insurance"),
            "education": N_("admits or marks students"),
            "diagnosis": N_("supports diagnosis or treatment"),
            "biometric_identification": N_("identifies people by their bodies"),
            "emotion_recognition": N_("infers emotions or traits"),
            "law_enforcement": N_("serves police or courts"),
            "border_control": N_("controls persons at borders"),
            "customs_risk": N_("selects consignments for inspection"),
            "hs_classification": N_("assigns tariff codes"),
            "document_processing": N_("reads or checks documents"),
            "public_benefits": N_("decides on public services"),
            "critical_infrastructure": N_("runs energy, water, transport or networks"),
            "vehicle": N_("drives or steers"),
            "robotics": N_("moves machines among people"),
            "scoring": N_("rates people"),
            "elections": N_("makes or spreads political content"),
            "research": N_("serves research only"),
            "translation": N_("translates"),
            "security": N_("defends systems"),
            "trading": N_("trades or advises on finance"),
        },
    ),
    "sector": (
        N_("Sector in which it is used"),
        {
            "customs_trade": N_("customs and trade"),
            "finance": N_("finance and insurance"),
            "health": N_("health"),
            "employment": N_("work"),
            "education": N_("education"),
            "public_services": N_("public administration"),
            "law_enforcement": N_("police and justice"),
            "transport": N_("transport"),
            "telecom_media": N_("media and communications"),
            "consumer": N_("consumer goods and services"),
            "legal": N_("legal services"),
            "energy": N_("energy and utilities"),
            "agriculture": N_("agriculture"),
            "defence": N_("defence"),
            "manufacturing": N_("manufacturing"),
            "other": N_("another sector"),
        },
    ),
    "autonomy": (
        N_("How much it decides"),
        {
            "informs": N_("gives information"),
            "advises": N_("recommends, and a person decides"),
            "decides_with_review": N_("decides, and a person can review it"),
            "decides": N_("decides alone"),
            "acts": N_("acts in the world as an agent"),
        },
    ),
    "personal_data": (
        N_("Personal data that it processes"),
        {
            "none": N_("no personal data"),
            "personal": N_("personal data"),
            "sensitive": N_("sensitive personal data"),
            "biometric": N_("biometric data"),
            "children": N_("data of children"),
        },
    ),
    "generative": (
        N_("Does it generate content?"),
        {"yes": N_("it generates content"), "no": N_("it does not generate content")},
    ),
    "public_facing": (
        N_("Does the public use it?"),
        {"yes": N_("it is offered to the public"), "no": N_("it is used inside organisations")},
    ),
    "acts_on": (
        N_("Whom its output concerns"),
        {
            "nobody": N_("no persons"),
            "businesses": N_("firms"),
            "consumers": N_("consumers"),
            "workers": N_("workers and applicants"),
            "patients": N_("patients"),
            "students": N_("students"),
            "children": N_("children"),
            "public": N_("the public at large"),
        },
    ),
    "customer": (
        N_("Who uses it in the economy"),
        {
            "private": N_("private firms or persons"),
            "public_body": N_("public bodies"),
            "regulated_finance": N_("banks and insurers under supervision"),
        },
    ),
    "scale": (
        N_("How large or capable it is"),
        {
            "ordinary": N_("ordinary"),
            "many_users": N_("very many users"),
            "frontier": N_("trained near the largest compute of its day"),
        },
    ),
    "established": (
        N_("Where its provider is established"),
        {"abroad": N_("outside the economy"), "inside": N_("in the economy")},
    ),
    "training": (
        N_("What it is trained on"),
        {
            "personal": N_("personal data from the economy"),
            "works": N_("works or scraped content"),
            "none": N_("neither of these"),
        },
    ),
}
"""Facts of a product: how each is asked, and its values; a test compares them with the facets."""


class Speaker:
    """Says the corpus's words in one language; templates have it as ``say``."""

    def __init__(self, words: Translator, corpus: Corpus) -> None:
        self.words = words
        self.corpus = corpus
        self._named = {} if words.tag == SOURCE else dict(economies(words.tag))

    def word(self, group: str, name: str) -> str:
        """A word of a group; one that nobody has named here yet is shown as its id."""
        found = WORDS[group].get(name)
        return self.words.gettext(found) if found else name.replace("_", " ")

    def domain(self, name: str) -> str:
        """A domain's title."""
        if name in WORDS["domain"]:
            return self.word("domain", name)
        return self.corpus.domains[name].title if name in self.corpus.domains else name

    def name(self, entity: Entity | str) -> str:
        """An entity's short name; an economy's in the reader's language."""
        one = self.corpus.entities[entity] if isinstance(entity, str) else entity
        return self._named.get(one.id, one.called) if one.kind == "economy" else one.called

    def names(self, entities: Any) -> str:
        """Several, with commas."""
        return ", ".join(self.name(one) for one in entities)

    def fact(self, facet: str) -> str:
        """How a fact of a product is asked."""
        if facet in FACTS:
            return self.words.gettext(FACTS[facet][0])
        return self.corpus.facets[facet].title if facet in self.corpus.facets else facet

    def value(self, facet: str, value: str) -> str:
        """A value of a fact."""
        if facet in FACTS and value in FACTS[facet][1]:
            return self.words.gettext(FACTS[facet][1][value])
        known = self.corpus.facets.get(facet)
        return known.values.get(value, value) if known else value

    def condition(self, condition: Condition, instrument: Instrument) -> list[str]:
        """Of which products something is asked: one sentence a part, all of which must hold."""
        _ = self.words.gettext
        tiers = {tier.id: tier.name for tier in instrument.tiers}
        said = []
        for part in condition.parts:
            if part.facet == TIER:
                about = _("Class of the instrument")
                values = [tiers.get(value, value) for value in sorted(part.values)]
            else:
                about = self.fact(part.facet)
                values = [self.value(part.facet, value) for value in sorted(part.values)]
            listed = _(" or ").join(values)
            if about.endswith("?"):
                if not part.negated:  # a value answers the question by itself
                    said.append(listed)
                    continue
                about = about.rstrip("?")
            said.append(
                _("%(fact)s: not %(values)s", fact=about, values=listed)
                if part.negated
                else _("%(fact)s: %(values)s", fact=about, values=listed)
            )
        return said

    def missing(self, fact: str) -> str:
        """A fact that is not known yet; ``tier=high`` is a class of an instrument."""
        if fact == "trigger":
            return self.words.gettext("What the provision asks beyond these facts")
        if fact.startswith(f"{TIER}="):
            return self.words.gettext("The class of risk under the instrument")
        return self.fact(fact)
