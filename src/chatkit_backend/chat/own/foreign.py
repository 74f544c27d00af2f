"""A `ChatKitServer` that a team has written already: recognises it, and makes it with our store.

It is made when the settings are read, before there is a database, so that what fails in its
constructor stops the start.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from agents import Agent
from chatkit.server import ChatKitServer
from chatkit.store import AttachmentStore
from chatkit.types import Attachment, AttachmentCreateParams

from chatkit_backend.chat.own.loading import told_as_setting
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import NotSupported, SettingsError
from chatkit_backend.store.later import ThreadStoreToCome

ForeignServer = ChatKitServer[RequestContext]

# What constructors call it: the SDK's own, and its documentation's examples.
_STORE_NAMES: Final = frozenset({"store", "data_store"})
_ATTACHMENT_STORE_NAMES: Final = frozenset({"attachment_store", "file_store"})
_POSITIONAL: Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)


class AttachmentsToCome(AttachmentStore[RequestContext]):
    """Takes attachments as soon as the server runs.

    Attributes:
        opened: What does so; None where this server takes none.
    """

    opened: AttachmentStore[RequestContext] | None = None

    async def create_attachment(
        self,
        input: AttachmentCreateParams,  # noqa: A002 - the SDK's name for it
        context: RequestContext,
    ) -> Attachment:
        """Announce an upload."""
        return await self._opened().create_attachment(input, context)

    async def delete_attachment(self, attachment_id: str, context: RequestContext) -> None:
        """Forget an attachment."""
        await self._opened().delete_attachment(attachment_id, context)

    def generate_attachment_id(self, mime_type: str, context: RequestContext) -> str:
        """A new id for an attachment."""
        return self._opened().generate_attachment_id(mime_type, context)

    def _opened(self) -> AttachmentStore[RequestContext]:
        if self.opened is None:
            raise NotSupported("This server takes no attachments.", field="type")
        return self.opened


@dataclass(frozen=True, slots=True)
class Stores:
    """What such a server is made with.

    Attributes:
        threads: Our store of threads.
        attachments: Our store of attachments.
    """

    threads: ThreadStoreToCome = field(default_factory=ThreadStoreToCome)
    attachments: AttachmentsToCome = field(default_factory=AttachmentsToCome)


def is_server_class(found: object) -> bool:
    """Whether it is a `ChatKitServer` class."""
    return isinstance(found, type) and issubclass(found, ChatKitServer)


def is_factory(found: object) -> bool:
    """Whether it is a function that is called once, at the start, and not for each message.

    Such a function takes a store, or nothing, or says that it returns a `ChatKitServer`.
    """
    if isinstance(found, type | Agent) or not callable(found):
        return False
    signature = _signature(found)
    if signature is None:
        return False
    takes_a_store = any(name in _STORE_NAMES for name in signature.parameters)
    return takes_a_store or not signature.parameters or is_server_class(signature.return_annotation)


def made(setting: str, path: str, maker: Callable[..., object], stores: Stores) -> object:
    """What a class or a factory makes.

    Args:
        setting: The variable that names it, for errors.
        path: Where it stands.
        maker: Called with the stores that its parameters ask for.
        stores: Ours.

    Raises:
        SettingsError: It fails, or wants more than stores.
    """
    if inspect.iscoroutinefunction(maker):
        raise SettingsError(
            f"{setting}: {path} is called before the server runs, so it must be no async function."
        )
    arguments = _arguments(setting, path, maker, stores)
    with told_as_setting(setting, f"{path} cannot be made"):
        return maker(*arguments.args, **arguments.kwargs)


def give_our_stores(server: ForeignServer, stores: Stores) -> None:
    """Puts our stores in the place of what a server was made with.

    An attachment store of the team's own stays.
    """
    before = getattr(server, "store", None)
    server.store = stores.threads
    for name, value in list(vars(server).items()):
        # Many keep the store under a second name; one object may be both of its stores.
        if value is before and before is not None and name != "attachment_store":
            setattr(server, name, stores.threads)
    if getattr(server, "attachment_store", None) is None:
        server.attachment_store = stores.attachments


def keeps_its_own_files(server: ForeignServer) -> bool:
    """Whether a server that has our store of threads has an attachment store of the team's."""
    return not isinstance(server.attachment_store, AttachmentsToCome)


def overridden(server: ForeignServer) -> frozenset[str]:
    """Names of the SDK's methods that the server's class, or the server itself, has of its own."""
    return frozenset(
        name
        for name, method in vars(ChatKitServer).items()
        if callable(method)
        and not name.startswith("__")
        and (getattr(type(server), name) is not method or name in vars(server))
    )


def _signature(found: Callable[..., object]) -> inspect.Signature | None:
    """How it is called; None where Python cannot tell."""
    try:
        return inspect.signature(found, eval_str=True)
    except (NameError, AttributeError, TypeError, SyntaxError):
        pass  # an annotation that only type checkers can read
    except ValueError:
        return None
    return inspect.signature(found)


def _arguments(
    setting: str, path: str, maker: Callable[..., object], stores: Stores
) -> inspect.BoundArguments:
    signature = _signature(maker)
    if signature is None:
        raise SettingsError(f"{setting}: how to call {path} cannot be found out: wrap it in a def.")
    given: dict[str, Any] = {}
    wanted = signature.parameters
    store_name = _store_parameter(wanted)
    for name, parameter in wanted.items():
        if name == store_name:
            given[name] = _as_argument(parameter, stores.threads)
        elif name in _ATTACHMENT_STORE_NAMES:
            given[name] = stores.attachments
        elif _is_required(parameter):
            raise SettingsError(
                f"{setting}: {path} wants {name!r}, which nobody gives it. Name a function that "
                "takes `store` and makes the server instead."
            )
    arguments = signature.bind_partial()
    arguments.arguments.update({name: given[name] for name in wanted if name in given})
    return arguments


def _store_parameter(wanted: Mapping[str, inspect.Parameter]) -> str | None:
    """Which parameter takes the store: by its name, else by its place."""
    named = [name for name in wanted if name in _STORE_NAMES]
    required = [
        name
        for name, parameter in wanted.items()
        if parameter.kind in _POSITIONAL
        and _is_required(parameter)
        and name not in _ATTACHMENT_STORE_NAMES
    ]
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    catching_all = [name for kind in kinds for name in wanted if wanted[name].kind == kind]
    return next(iter([*named, *required, *catching_all]), None)


def _as_argument(parameter: inspect.Parameter, store: ThreadStoreToCome) -> object:
    match parameter.kind:
        case inspect.Parameter.VAR_KEYWORD:
            return {"store": store}
        case inspect.Parameter.VAR_POSITIONAL:
            return (store,)
        case _:
            return store


def _is_required(parameter: inspect.Parameter) -> bool:
    catches_all = parameter.kind in {
        inspect.Parameter.VAR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    }
    return parameter.default is inspect.Parameter.empty and not catches_all
