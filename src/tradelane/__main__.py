"""``python -m tradelane``: the command line."""

from tradelane.cli import main

main()
