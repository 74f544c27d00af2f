"""What the answer is based on: documents become chunks, and chunks are found again.

Nothing here prints, knows HTTP or reads settings. What takes long to import is imported by the
functions that need it.
"""
