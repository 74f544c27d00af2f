"""The backend of ChatKit chats on your own machines.

from chatkit_backend import Settings, create_app

app = create_app(Settings())
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatkit_backend.app import create_app
    from chatkit_backend.chat.converter import HistoryConverter
    from chatkit_backend.chat.own.action_turns import ActionTurn
    from chatkit_backend.chat.own.actions import Actions
    from chatkit_backend.chat.parts import ChatParts
    from chatkit_backend.chat.server import ChatServer
    from chatkit_backend.chat.turn_context import TurnContext
    from chatkit_backend.context import PageContext, Profile, RequestContext, User
    from chatkit_backend.retrieval.search import FoundChunk
    from chatkit_backend.searching import open_document_search, search_chunks
    from chatkit_backend.settings import Settings, load_settings

__all__ = [
    "ActionTurn",
    "Actions",
    "ChatParts",
    "ChatServer",
    "FoundChunk",
    "HistoryConverter",
    "PageContext",
    "Profile",
    "RequestContext",
    "Settings",
    "TurnContext",
    "User",
    "create_app",
    "load_settings",
    "open_document_search",
    "search_chunks",
]

_HOME = {
    "ActionTurn": "chat.own.action_turns",
    "Actions": "chat.own.actions",
    "ChatParts": "chat.parts",
    "ChatServer": "chat.server",
    "FoundChunk": "retrieval.search",
    "HistoryConverter": "chat.converter",
    "PageContext": "context",
    "Profile": "context",
    "RequestContext": "context",
    "Settings": "settings",
    "TurnContext": "chat.turn_context",
    "User": "context",
    "create_app": "app",
    "load_settings": "settings",
    "open_document_search": "searching",
    "search_chunks": "searching",
}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: the agents SDK alone takes two seconds, and `--help` needs none of it.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
