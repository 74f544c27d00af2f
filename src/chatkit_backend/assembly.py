"""The composition root: the one place that knows every room.

`Assembly` builds every object once; what has to be closed is opened for the life of the server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final

from pydantic import SecretStr

from chatkit_backend.api.services import Services
from chatkit_backend.auth.client_secrets import ClientSecrets, Lifetimes
from chatkit_backend.auth.rate_limits import RateLimits
from chatkit_backend.auth.signed_addresses import SignedAddresses
from chatkit_backend.chat.agents import AgentRunner, default_agent
from chatkit_backend.chat.composer import Composer
from chatkit_backend.chat.dictation import RecordingLimits
from chatkit_backend.chat.documents.searching import DocumentAnswers, Mode
from chatkit_backend.chat.files.attached_files import AttachedFiles
from chatkit_backend.chat.files.attachment_files import AttachmentFiles
from chatkit_backend.chat.files.attachments import Attachments
from chatkit_backend.chat.files.readable_files import ReadableFiles
from chatkit_backend.chat.files.uploads import UploadLimits
from chatkit_backend.chat.history import HistoryBudget
from chatkit_backend.chat.own.actions import load_actions
from chatkit_backend.chat.own.answering import load_answering
from chatkit_backend.chat.own.foreign import Stores
from chatkit_backend.chat.own.tags import load_tag_resolver
from chatkit_backend.chat.parts import ChatParts
from chatkit_backend.chat.titles import Titles
from chatkit_backend.chat.turns import RunningTurns
from chatkit_backend.database import open_database
from chatkit_backend.files.storage import FileStorage
from chatkit_backend.hosted.relay import HostedSessions
from chatkit_backend.models.credentials import DEMO
from chatkit_backend.models.registry import open_model
from chatkit_backend.offers import page_config
from chatkit_backend.periodic import Periodic
from chatkit_backend.providers import (
    labels,
    model_credentials,
    model_limits,
    model_names,
    title_model_names,
    transcriber,
)
from chatkit_backend.retrieval.guide import COLLECTION as GUIDE
from chatkit_backend.retrieval.guide import ingest_guide
from chatkit_backend.searching import document_search, embedding_model
from chatkit_backend.settings import Settings, setting_name
from chatkit_backend.signin import SignIn
from chatkit_backend.store.all_threads import AllThreads
from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.chunks import ChunkStore
from chatkit_backend.store.engine import Database
from chatkit_backend.store.feedback import FeedbackStore
from chatkit_backend.store.retention import Retention
from chatkit_backend.store.sessions import SessionStore
from chatkit_backend.store.signing_keys import signing_key
from chatkit_backend.store.threads import ThreadStore
from chatkit_backend.sweep import sweep_old

# Bytes of the JSON around a recording.
_AROUND_RECORDING: Final = 4_096


class Assembly:
    """Everything that the settings ask for.

    What cannot work fails when this is made; what has to be closed is opened by `services`.

    Raises:
        SettingsError: A setting cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        credentials = model_credentials(settings)
        self._model = open_model(model_names(settings), credentials, model_limits(settings))
        title_names = title_model_names(settings)
        asked = setting_name("title_model" if settings.title_model else "model")
        self._title_model = (
            open_model(title_names, credentials, model_limits(settings), asked)
            if title_names
            else None
        )
        self._composer = _composer(settings)
        self._stores = Stores()
        self.answering = load_answering(
            settings.agent, settings.workflows, default_agent(settings.instructions), self._stores
        )
        self._tags = load_tag_resolver(settings.tag_resolver)
        self._actions = load_actions(settings.actions)
        tracing_key = _plain(settings.openai_api_key) if settings.tracing == "openai" else None
        self._runner = AgentRunner(self.answering.workflows, self._model, tracing_key)
        self._sign_in = SignIn.of(settings)
        self._limits = rate_limits(settings)
        self._hosted_sessions = _hosted_sessions(settings)
        self._files = FileStorage.open(settings.files_url)
        self._embeddings = embedding_model(settings)
        self._transcriber = transcriber(settings)

    @asynccontextmanager
    async def services(self) -> AsyncIterator[Services]:
        """The services, for as long as the server runs."""
        settings = self._settings
        async with AsyncExitStack() as opened:
            # Closed in the opposite order: a turn that is stopped still keeps what it has.
            database = await open_database(settings)
            opened.push_async_callback(database.close)
            for part in (
                self._model,
                self._title_model,
                self._composer,
                self._embeddings,
                self._transcriber,
                self._limits,
                self._sign_in,
                self._hosted_sessions,
            ):
                if part is not None:
                    opened.push_async_callback(part.close)
            titles = self._titles(database)
            if titles:
                opened.push_async_callback(titles.close)
            turns = RunningTurns()
            opened.push_async_callback(turns.stop_all)
            await database.make_ready()
            if _quotes_the_guide(settings):
                await ingest_guide(ChunkStore(database))
            for work in self._background_work(database):
                work.start()
                opened.push_async_callback(work.stop)
            addresses = SignedAddresses(await self._address_key(database))
            yield self.services_on(database, turns, titles, addresses)

    def _background_work(self, database: Database) -> Iterator[Periodic]:
        settings = self._settings
        retention = Retention(database, settings.retention_days, _session_age(settings))
        yield Periodic("retention", retention.delete_old)
        # What a database in memory has forgotten, another may know.
        if settings.database_url.get_secret_value() != "memory://":
            yield Periodic("file sweep", partial(sweep_old, database, self._files))

    async def _address_key(self, database: Database) -> bytes:
        named = _plain(self._settings.secret_key)
        return named.encode() if named else await signing_key(database, "addresses")

    def services_on(
        self,
        database: Database,
        turns: RunningTurns,
        titles: Titles | None,
        addresses: SignedAddresses,
    ) -> Services:
        """The services on an open database.

        Raises:
            SettingsError: The team's server cannot be made.
        """
        settings = self._settings
        store = self._stores.threads
        store.open(database, addresses)
        attachments = self._attachments(store, addresses)
        budget = HistoryBudget(tokens=settings.history_tokens, items=settings.history_items)
        parts = ChatParts(
            store=store,
            runner=self._runner,
            budget=budget,
            turns=turns,
            documents=self._documents(database),
            composer=self._composer,
            titles=titles,
            attachment_store=attachments,
            max_files=settings.upload_max_files or None,
            attached_files=self._attached_files(),
            files=self._files,
            image_addresses=addresses,
            feedback=FeedbackStore(database),
            transcriber=self._transcriber,
            recordings=RecordingLimits(
                settings.transcription_max_bytes, settings.transcription_max_seconds
            ),
            actions=self._actions,
            tags=self._tags,
        )
        lifetimes = Lifetimes(
            secret=settings.session_ttl,
            grace=settings.session_refresh_grace,
            session=settings.session_max_age,
        )
        client_secrets = ClientSecrets(SessionStore(database), lifetimes)
        return Services(
            authenticate=self._sign_in.for_chatting(client_secrets),
            sign_in=self._sign_in.for_sessions(),
            client_secrets=client_secrets if "session" in settings.auth else None,
            hosted_sessions=self._hosted_sessions,
            limits=self._limits,
            chat=self.answering.chat_server(parts),
            turns=turns,
            store=store,
            attachments=None if self.answering.keeps_its_own_files else attachments,
            attachment_files=AttachmentFiles(store, self._files),
            addresses=addresses,
            api_keys=ApiKeyStore(database),
            all_threads=AllThreads(database, addresses),
            page_config=page_config(
                settings,
                takes_dictation=self._takes_dictation,
                runs_its_own_models=self.answering.runs_its_own_models,
            ),
            turns_per_minute=settings.turns_per_minute,
            check_database=database.require_writable,
            public_url=settings.public_url,
            max_body_bytes=settings.max_body_bytes,
            max_dictation_bytes=_largest_dictation(settings)
            if self._takes_dictation
            else settings.max_body_bytes,
            heartbeat_seconds=settings.heartbeat_seconds,
            debug=settings.debug,
        )

    @property
    def _takes_dictation(self) -> bool:
        return self._transcriber is not None or self.answering.transcribes

    def _titles(self, database: Database) -> Titles | None:
        if self._settings.title_model == "off":
            return None
        return Titles(ThreadStore(database), self._title_model)

    def _attachments(self, store: ThreadStore, addresses: SignedAddresses) -> Attachments | None:
        settings = self._settings
        if not settings.upload_max_files:
            return None
        limits = UploadLimits(
            types=settings.upload_types,
            max_bytes=settings.upload_max_bytes,
            max_files=settings.upload_max_files,
        )
        return Attachments(store, self._files, addresses, limits)

    def _attached_files(self) -> AttachedFiles:
        tokens = self._settings.attachment_tokens
        return AttachedFiles(
            ReadableFiles(self._files, tokens),
            model_names(self._settings),
            tokens,
            earlier_tokens=self._settings.history_tokens // 2,
        )

    def _documents(self, database: Database) -> DocumentAnswers:
        settings = self._settings
        return DocumentAnswers(
            document_search(settings, database, self._embeddings),
            _retrieval_mode(settings),
            settings.retrieval_collections,
            # A server that showed the demo once, and has documents now, does not quote it.
            () if _quotes_the_guide(settings) else (GUIDE,),
            settings.retrieval_limit,
            settings.retrieval_threshold,
        )


def _composer(settings: Settings) -> Composer:
    credentials, limits = model_credentials(settings), model_limits(settings)
    variable = setting_name("models")
    models = {
        name: open_model([name], credentials, limits, variable) for name in labels(settings.models)
    }
    tools = tuple(labels(settings.composer_tools))
    return Composer(models, tools, model_names(settings))


def _retrieval_mode(settings: Settings) -> Mode:
    if settings.retrieval is not None:
        return settings.retrieval
    return "context" if _shows_the_demo(settings) else "off"


def _quotes_the_guide(settings: Settings) -> bool:
    return settings.retrieval is None and _shows_the_demo(settings)


def _shows_the_demo(settings: Settings) -> bool:
    # An agent of the team's has nothing to say about our documentation.
    return model_names(settings) == (DEMO,) and settings.agent is None


def rate_limits(settings: Settings) -> RateLimits:
    """Counts requests as the settings say.

    Raises:
        SettingsError: The Redis of the settings cannot be used.
    """
    return RateLimits(
        turns_per_minute=settings.turns_per_minute,
        requests_per_minute=settings.requests_per_minute,
        api_requests_per_minute=settings.api_requests_per_minute,
        redis_url=_plain(settings.redis_url),
    )


def _hosted_sessions(settings: Settings) -> HostedSessions | None:
    if settings.sessions != "openai":
        return None
    api_key, workflow_id = _plain(settings.openai_api_key), settings.workflow_id
    assert api_key and workflow_id  # noqa: S101, PT018 - the settings have checked them
    return HostedSessions(api_key, workflow_id, settings.openai_base_url)


def _largest_dictation(settings: Settings) -> int:
    """Bytes of the largest body with a recording, in base64."""
    encoded = -(-settings.transcription_max_bytes // 3) * 4
    return max(settings.max_body_bytes, encoded + _AROUND_RECORDING)


def _session_age(settings: Settings) -> timedelta:
    # A day more than one can be refreshed: a client that comes back hears that it has expired.
    return timedelta(seconds=settings.session_refresh_grace, days=1)


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
