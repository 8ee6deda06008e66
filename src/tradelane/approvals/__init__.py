"""Holds what one person proposes until a second person has agreed to it."""
