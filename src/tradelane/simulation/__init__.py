"""Declarations of the invented territory with planted, documented fraud."""
