"""How fast the store is, how that changes with the size of its tables, and beside what."""
