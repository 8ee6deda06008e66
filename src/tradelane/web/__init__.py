"""The doors over HTTP: pages for people, an API for systems."""
