"""Short descriptions put into sentences as rulings have them, in our own words.

Rulings say in many words what traders say in three: what was submitted, its colours and sizes, how
it is packed, what becomes of the sample. Weights that are fitted on both do not mind the rest.
"""

from __future__ import annotations

import random

_FIRST = (
    "The merchandise is {}.",
    "The merchandise at issue is {}.",
    "The item is {}.",
    "The product is described as {}.",
    "The submitted sample, identified as style number {n}, is {}.",
    "Style {n} is {}.",
    "Item number {n} consists of {}.",
    "This article is {} imported from the manufacturer in retail packages.",
    "You describe the goods as {}.",
    "The instant product, model {n}, is {} which is sold to consumers.",
    "The subject products are {}.",
    "{}.",
)
_THEN = (
    "It measures approximately {n} inches by 8 inches.",
    "It comes in black, blue and red and in several sizes.",
    "It is packed in a box with a leaflet.",
    "The sample will be returned to you as requested.",
    "The front has a printed logo and the back is plain.",
    "It features rounded edges and a smooth surface.",
    "It is made in the country of export and shipped by sea.",
    "It weighs about {n} grams and is sold in stores and online.",
    "You state that it will be offered to wholesalers and department stores.",
    "It is designed to be easy to clean and to store when it is not in use.",
    "A photograph and a description were submitted with your letter.",
    "It has a handle and a closure and is suitable for adults.",
    "The user holds it in one hand and opens it with the other.",
    "Additional information was provided by email.",
    "It is light, strong and resists water.",
)


def sentences(text: str, seed: int) -> str:
    """A description as the first sentence of some, others behind it.

    >>> sentences("leather wallet", 3) == sentences("leather wallet", 3)
    True
    """
    draw = random.Random(seed)
    number = str(draw.randint(10, 9_999))
    article = draw.choice(("a ", "an ", "", "the "))
    said = [draw.choice(_FIRST).format(article + text, n=number)]
    said += [one.format(n=number) for one in draw.sample(_THEN, draw.randint(0, 4))]
    return " ".join(said)
