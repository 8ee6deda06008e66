"""Cases that need an officer: decided, inspected, and what was found."""
