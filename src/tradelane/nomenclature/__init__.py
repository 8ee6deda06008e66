"""The codes of the Harmonized System with their wording and validity."""
