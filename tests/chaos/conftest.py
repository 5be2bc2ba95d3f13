"""Found by pytest; what is needed stands beside it."""
