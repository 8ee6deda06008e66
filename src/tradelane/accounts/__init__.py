"""Who people and systems are, and what each may do."""
