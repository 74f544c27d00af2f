"""The database of the settings, for the server and for every command.

Not in `app`, which imports the agents SDK: `migrate` and `users` need nothing of it.
"""

from __future__ import annotations

from chatkit_backend.settings import Settings
from chatkit_backend.store.dialects import ConnectionOptions
from chatkit_backend.store.engine import Database


async def open_database(settings: Settings) -> Database:
    """The database of the settings; the caller closes it.

    Raises:
        SettingsError: It cannot be used.
        DatabaseUnavailable: It does not answer now.
    """
    return await Database.open(
        settings.database_url.get_secret_value(),
        ConnectionOptions(
            pool_size=settings.database_pool_size,
            timeout_seconds=settings.database_timeout,
            application_name=settings.application_name,
        ),
    )
