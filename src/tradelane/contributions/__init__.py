"""Keeps what people contribute to the hub: published changes, answers to surveys, subscriptions."""
