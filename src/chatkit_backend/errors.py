"""Every exception this package raises on purpose.

    ChatKitBackendError
    ├── SettingsError          the environment or .env cannot be used; stops the start
    ├── RequestError           the request cannot be served; told before the first byte
    │   ├── InvalidRequest     malformed or of the wrong type
    │   ├── Forbidden          a page of another site asks
    │   ├── NotFound           unknown, or somebody else's: the two look alike on purpose
    │   ├── Conflict           well-formed, but the thread is not in that state
    │   ├── BodyTooLarge       over the limit of the settings
    │   └── NotSupported       a ChatKit operation that this server does not offer
    ├── DatabaseUnavailable    the database did not answer; worth trying again later
    └── ModelError             the model could not answer; told inside the stream

Nothing here knows HTTP: `api/errors.py` maps these to statuses. No message ever holds a secret
or a provider's own words, because messages reach users.
"""


class ChatKitBackendError(Exception):
    """Base of every exception of this package."""


class SettingsError(ChatKitBackendError):
    """The settings cannot be used.

    Args:
        problems: One sentence a problem, each naming the variable and the remedy.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class RequestError(ChatKitBackendError):
    """The request cannot be served.

    Args:
        message: A sentence for the developer of the page: what is wrong and what to do.
        field: Dotted path of the offending field in the request body, such as
            `params.thread_id`; None where no single field is to blame.
    """

    code = "request_error"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidRequest(RequestError):
    """The request is malformed or of the wrong type."""

    code = "invalid_request"


class Forbidden(RequestError):
    """The request comes from where it may not come from."""

    code = "forbidden"


class NotFound(RequestError):
    """What the request names is unknown, or belongs to somebody else."""

    code = "not_found"


class Conflict(RequestError):
    """The request is well-formed, but the thread is not in the state that it needs."""

    code = "conflict"


class BodyTooLarge(RequestError):
    """The request's body is over the limit of the settings."""

    code = "body_too_large"


class NotSupported(RequestError):
    """The ChatKit operation exists, but this server does not offer it."""

    code = "not_supported"


class DatabaseUnavailable(ChatKitBackendError):
    """The database did not answer; nothing was stored."""


class ModelError(ChatKitBackendError):
    """The model could not answer.

    Args:
        message: A sentence for the person who chats. The provider's own words go to the log only.
        allow_retry: Whether the same message may succeed if it is sent again.
    """

    def __init__(self, message: str, *, allow_retry: bool) -> None:
        super().__init__(message)
        self.message = message
        self.allow_retry = allow_retry
