"""Duty, tax and relief are assessed with a trace that a person can follow."""
