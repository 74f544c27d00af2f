"""Every exception this package raises on purpose.

    ChatKitBackendError
    ├── SettingsError          the environment or .env cannot be used; stops the start
    ├── RequestError           the request cannot be served; told before the first byte
    │   ├── InvalidRequest     malformed or of the wrong type
    │   ├── NotSignedIn        the credentials are missing, unknown, expired or cancelled
    │   ├── Forbidden          known who asks, but it may not be done from here, or not at all
    │   ├── NotFound           unknown, or somebody else's: the two look alike on purpose
    │   ├── Conflict           well-formed, but the thread is not in that state
    │   ├── BodyTooLarge       over the limit of the settings
    │   ├── UnsupportedType    a file of a type that is not taken, or not of the type it claims
    │   ├── TooManyRequests    over a rate limit; says when to come again
    │   └── NotSupported       a ChatKit operation that this server does not offer
    ├── DatabaseUnavailable    the database did not answer; worth trying again later
    ├── FilesUnavailable       the folder or bucket of files did not answer; as above
    ├── KeysUnavailable        the identity provider's keys cannot be had; worth trying again later
    ├── EmbeddingsUnavailable  the embedding model gave no vectors; as above
    │   └── EmbeddingsRefused  and will not give them for these texts
    ├── HostedApiError         OpenAI's hosted ChatKit API refused or did not answer
    ├── UnreadableDocument     a file cannot be ingested; the others are
    ├── NotAPicture            a file cannot be read as a picture, or it is not safe to
    └── ModelError             the model could not answer; told inside the stream, else before

Nothing here knows HTTP: `api/errors.py` maps these to statuses. No message ever holds a secret
or a provider's own words, because messages reach users; only `EmbeddingsUnavailable` quotes, with
the secrets taken out, because its message is for whoever runs the server and nobody else.
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


class NotSignedIn(RequestError):
    """Nobody is known to ask: the credentials are missing, or are good for nobody.

    Args:
        message: A sentence for the developer of the page.
        code: Which of the reasons it is, so that a client knows whether to refresh: one of
            `not_signed_in`, `invalid_token`, `token_expired`, `client_secret_unknown`,
            `client_secret_expired`, `client_secret_cancelled`, `invalid_api_key`.
    """

    def __init__(self, message: str, *, code: str = "not_signed_in") -> None:
        super().__init__(message)
        self.code = code


class Forbidden(RequestError):
    """It may not be done from where the request comes, or not by who asks."""

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


class UnsupportedType(RequestError):
    """A file is of a type that is not taken or cannot be shown, or not of the type it claims."""

    code = "unsupported_type"


class TooManyRequests(RequestError):
    """More requests came than a rate limit allows.

    Args:
        message: A sentence for the developer of the page.
        retry_after_seconds: When the next request can succeed.
    """

    code = "rate_limit_exceeded"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class NotSupported(RequestError):
    """The ChatKit operation exists, but this server does not offer it."""

    code = "not_supported"


class DatabaseUnavailable(ChatKitBackendError):
    """The database did not answer; nothing was stored."""


class FilesUnavailable(ChatKitBackendError):
    """The folder or bucket of attachment bytes did not answer; nothing was stored.

    Args:
        message: A sentence for whoever runs the server.
    """


class KeysUnavailable(ChatKitBackendError):
    """The identity provider's keys cannot be had, so no token can be verified now."""


class EmbeddingsUnavailable(ChatKitBackendError):
    """The embedding model gave no vectors for a text; searching goes on without them.

    Args:
        message: A sentence for whoever runs the server. It may quote the provider, redacted, so
            it belongs into the log and the terminal, and never into an answer to a browser.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class EmbeddingsRefused(EmbeddingsUnavailable):
    """The embedding model refuses a text, or one of several: others may get their vectors."""


class HostedApiError(ChatKitBackendError):
    """OpenAI's hosted ChatKit API refused the call, or did not answer.

    Args:
        message: A sentence for the developer of the page; never OpenAI's own words, which may
            repeat a part of the key.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnreadableDocument(ChatKitBackendError):
    """A file cannot be ingested. The message goes on with its name: "is encrypted; …".

    Args:
        message: Why.
        passing: Whether it may be read another time: it is the machine that had no room or time.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class NotAPicture(ChatKitBackendError):
    """A file is no picture that can be read. The message goes on with its name: "is no PNG, …"."""


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
