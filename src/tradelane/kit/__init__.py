"""What any program that keeps dated facts and refuses bad input would need: it knows nothing of trade."""
