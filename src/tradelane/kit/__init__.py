"""What any program that keeps dated facts would need; it knows nothing of trade."""
