"""Tells subscribed systems what happened to their declarations."""
