"""Answers from documents: what is found, and how it is cited."""
