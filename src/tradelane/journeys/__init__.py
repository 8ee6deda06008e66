"""Stories over several capabilities."""
