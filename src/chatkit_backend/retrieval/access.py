"""Which collections somebody may read: those that are open to all, and those of their claims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chatkit_backend.context import RequestContext


@dataclass(frozen=True, slots=True)
class Rule:
    """A claim that opens a collection.

    Attributes:
        claim: Name of the claim.
        value: The claim's value, or one of its values where it is a list.
    """

    claim: str
    value: str

    def admits(self, reader: RequestContext) -> bool:
        """Whether somebody has it.

        Claims come from their token, or from the team's own server, which made their session and
        gave it state variables.
        """
        return any(
            _has(claims.get(self.claim), self.value)
            for claims in (reader.user.claims, _state_variables(reader))
        )


@dataclass(frozen=True, slots=True)
class CollectionAccess:
    """Who may read which collection.

    Attributes:
        rules: For each collection that is not open to all, what opens it; one is enough.
    """

    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)

    @classmethod
    def parsed(cls, entries: Iterable[str]) -> CollectionAccess:
        """Access as the settings tell it.

        Args:
            entries: Such as `hr=department:hr`; the same collection may come several times. The
                settings have checked them.
        """
        rules: dict[str, tuple[Rule, ...]] = {}
        for entry in entries:
            collection, _, rest = entry.partition("=")
            # A claim may be named by an address, which has a colon itself.
            claim, _, value = rest.rpartition(":")
            rule = Rule(claim.strip(), value.strip())
            rules[collection.strip()] = (*rules.get(collection.strip(), ()), rule)
        return cls(rules)

    def claims(self) -> tuple[str, ...]:
        """The names of all claims that open something."""
        return tuple(rule.claim for rules in self.rules.values() for rule in rules)

    def closed_to(self, reader: RequestContext | None) -> frozenset[str]:
        """The collections that somebody may not read.

        Args:
            reader: Who asks; None for the team itself, which may read all.
        """
        if reader is None:
            return frozenset()
        return frozenset(
            collection
            for collection, rules in self.rules.items()
            if not any(rule.admits(reader) for rule in rules)
        )


def _state_variables(reader: RequestContext) -> Mapping[str, object]:
    return reader.session.workflow.state_variables if reader.session else {}


def _has(claim: object, value: str) -> bool:
    values = claim if isinstance(claim, list | tuple) else [claim]
    return any(_as_text(one) == value for one in values)


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
