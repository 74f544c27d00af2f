"""How good the answers of a search are, how fast they come, and beside what."""
