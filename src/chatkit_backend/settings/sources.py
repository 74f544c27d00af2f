"""Where settings come from besides our own names."""

from __future__ import annotations

from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

# What hosting platforms set for any program. Our own name wins wherever it is written: such a
# variable may be there for something else.
PLATFORM_NAMES = {"database_url": "DATABASE_URL", "port": "PORT", "workers": "WEB_CONCURRENCY"}


class PlatformSource(PydanticBaseSettingsSource):
    """Reads `PLATFORM_NAMES`, from where the other names are read."""

    def __init__(
        self, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource
    ) -> None:
        super().__init__(settings_cls)
        self._sources = [source for source in sources if isinstance(source, EnvSettingsSource)]

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of the first source that has one."""
        name = PLATFORM_NAMES.get(field_name, "").lower()  # as the sources keep their names
        values = (source.env_vars.get(name) for source in self._sources)
        return next(filter(None, values), None), str(field.validation_alias), False

    def __call__(self) -> dict[str, Any]:
        """Every value that is there, by the name of our own."""
        fields = self.settings_cls.model_fields.items()
        found = [self.get_field_value(field, name) for name, field in fields]
        return {name: value for value, name, _ in found if value is not None}
