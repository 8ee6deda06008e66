"""The version, alone in a file so that any storey can name it."""

VERSION = "0.1.0"
