"""Descriptions that name no goods, in our own words, for testing what is said of them.

They were written without looking at the pack's list; those that stand there too are not counted.
"""

WIDE = (
    "stuff", "household stuff", "random things", "assorted goods", "mixed cargo", "general cargo",
    "personal belongings", "personal effects", "my order", "birthday surprise", "online purchase",
    "replacement", "warranty return", "repaired goods", "returned goods", "commercial goods",
    "consumer products", "company products", "trade goods", "promotional items",
    "marketing material",
    "business supplies", "office stuff", "school things", "kids stuff", "baby things",
    "ladies items",
    "menswear", "fashion items", "seasonal goods", "holiday items", "travel accessories",
    "outdoor gear", "camping gear", "sports gear", "fitness equipment", "hobby supplies",
    "craft supplies", "art materials", "party supplies", "pet things", "garden things",
    "kitchen stuff", "bathroom items", "home decor items", "decorations", "industrial goods",
    "machine components", "mechanical parts", "electronic parts", "electrical goods", "car things",
    "auto spares", "bike stuff", "boat accessories", "building materials", "construction supplies",
    "raw material", "chemicals", "lab supplies", "medical supplies", "health products",
    "beauty products", "cosmetic items", "foodstuff", "groceries", "snack items", "drinks",
    "plastic goods", "metal goods", "wooden goods", "rubber items", "glass items", "textile goods",
    "leather items", "paper goods", "equipment", "apparatus", "device", "gadget", "tool",
    "set of items", "bundle", "kit", "box of goods", "package", "parcel contents",
    "documents and goods",
    "demo unit", "prototype", "test material", "exhibition goods", "samples for testing",
    "used items", "collectible", "antique item", "handmade item", "luxury goods",
)  # fmt: skip
