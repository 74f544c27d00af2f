"""The `bearer` mode: whoever shows the identity provider's JWT in the Authorization header.

No page of another site can make a browser send that header, so no Origin is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from chatkit_backend.auth.credentials import Credentials, Identity
from chatkit_backend.auth.tokens import TokenVerifier
from chatkit_backend.store.tokens import API_KEY, CLIENT_SECRET


@dataclass(frozen=True, slots=True)
class BearerAuth:
    """Takes the user from the JWT in the Authorization header.

    Attributes:
        verifier: Verifies the JWT.
    """

    verifier: TokenVerifier

    async def __call__(self, credentials: Credentials) -> Identity | None:
        """The user of the JWT; None where there is none, or a secret of this server's own.

        Raises:
            NotSignedIn: The JWT is not good (any more).
            KeysUnavailable: It cannot be verified now.
        """
        token = credentials.bearer_token
        if token is None or token.startswith((CLIENT_SECRET, API_KEY)):
            return None
        return Identity(await self.verifier.verify(token))
