"""The nouns of trade that a standard defines: codes, declarations, parties, money, identifiers."""
