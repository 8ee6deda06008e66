"""Which model made a score: its files, their hashes, its card."""
