"""Rules and watchlists that people write, which select lines beside the model."""
