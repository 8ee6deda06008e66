"""Declarations of the invented territory with planted, documented fraud."""

__all__: list[str] = []
