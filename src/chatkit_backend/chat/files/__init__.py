"""Files of a conversation: taken, given out, shown to models."""
