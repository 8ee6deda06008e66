"""What economies and forums ask of AI, compared at a date."""
