"""Which model made a score: its files, their hashes, its card."""

__all__ = ["card", "commands", "model", "service"]
