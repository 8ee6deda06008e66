"""Declarations are received, checked and kept."""
