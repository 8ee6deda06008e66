"""From a description of goods to codes of the Harmonized System, with reasons."""
