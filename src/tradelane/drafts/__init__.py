"""Work that somebody has begun and not filed yet."""
