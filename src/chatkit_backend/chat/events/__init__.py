"""The events of an answer, put right before anybody sees them."""
