"""Every setting, once: its name, type, default and meaning.

The table of settings in README.md, docs/configuration.md and .env.example are written from this
room (`make docs`), and a test keeps them true. Only `app` and `cli` read it; every other room is
handed plain values.
"""

from chatkit_backend.settings.access import (
    AUTH_MODES,
    PUBLIC_KEY_ALGORITHMS,
    SHARED_SECRET_ALGORITHMS,
    AuthMode,
)
from chatkit_backend.settings.fields import CommaSeparated
from chatkit_backend.settings.loading import (
    GROUPS,
    Settings,
    load_settings,
    setting_name,
    unknown_settings,
)
from chatkit_backend.settings.sources import PLATFORM_NAMES

__all__ = [
    "AUTH_MODES",
    "GROUPS",
    "PLATFORM_NAMES",
    "PUBLIC_KEY_ALGORITHMS",
    "SHARED_SECRET_ALGORITHMS",
    "AuthMode",
    "CommaSeparated",
    "Settings",
    "load_settings",
    "setting_name",
    "unknown_settings",
]
