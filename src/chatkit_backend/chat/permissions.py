"""What the configuration of a session lets its user do.

A team's server sets it when it creates the session (`chatkit_configuration` of the hosted API). It
narrows what the user could do anyway: whose threads are whose, the store says.
"""

from __future__ import annotations

from typing import Final

from chatkit.types import (
    AttachmentsCreateReq,
    AttachmentsDeleteReq,
    NonStreamingReq,
    Page,
    StreamingReq,
    ThreadListParams,
    ThreadMetadata,
    ThreadsAddUserMessageReq,
    ThreadsCreateReq,
)

from chatkit_backend.context import RequestContext, SessionConfiguration
from chatkit_backend.errors import BodyTooLarge, Forbidden, InvalidRequest
from chatkit_backend.store.owned import NotFoundInStore, no_attachment
from chatkit_backend.store.pages import MAX_PAGE, PageRequest
from chatkit_backend.store.threads import ThreadStore

MEGABYTE: Final = 1_048_576
_READ_AT_ONCE: Final = 100


async def require_permission(
    operation: StreamingReq | NonStreamingReq, store: ThreadStore, context: RequestContext
) -> None:
    """Make sure that the session allows the operation. Without a session all is allowed.

    Raises:
        NotFoundInStore: The session does not reach the thread, or that of the attachment.
        Forbidden: The session does not allow uploads.
        BodyTooLarge: The announced file is too large.
        InvalidRequest: The message has too many files.
    """
    if context.session is None:
        return
    _check_files(operation, context.session.configuration)
    thread_id: str | None = getattr(operation.params, "thread_id", None)
    if thread_id is not None:
        await require_reachable(thread_id, store, context)
    if isinstance(operation, AttachmentsDeleteReq):
        await _require_reachable_file(operation.params.attachment_id, store, context)


async def _require_reachable_file(
    attachment_id: str, store: ThreadStore, context: RequestContext
) -> None:
    field = "params.attachment_id"
    attachment = await store.load_attachment(attachment_id, context, field=field)
    if attachment.thread_id and not await _is_reachable(attachment.thread_id, store, context):
        raise no_attachment(attachment_id, field)


def _check_files(operation: StreamingReq | NonStreamingReq, allowed: SessionConfiguration) -> None:
    attached = 0
    match operation:
        case AttachmentsCreateReq():
            _require_uploads(allowed)
            if operation.params.size > allowed.max_file_megabytes * MEGABYTE:
                raise BodyTooLarge(
                    f"A file of this session may have {allowed.max_file_megabytes} MB.",
                    field="params.size",
                )
        case ThreadsCreateReq() | ThreadsAddUserMessageReq():
            attached = len(operation.params.input.attachments)
        case _:
            pass
    if attached:
        _require_uploads(allowed)
    if attached > allowed.max_files:
        raise InvalidRequest(
            f"A message of this session may have {allowed.max_files} files.",
            field="params.input.attachments",
        )


def require_uploads(context: RequestContext) -> None:
    """Make sure that the session allows uploads.

    Raises:
        Forbidden: It does not.
    """
    if context.session is not None:
        _require_uploads(context.session.configuration)


def _require_uploads(allowed: SessionConfiguration) -> None:
    if not allowed.uploads:
        raise Forbidden("This session does not allow uploads.")


async def require_reachable(thread_id: str, store: ThreadStore, context: RequestContext) -> None:
    """Make sure that the session reaches a thread.

    Raises:
        NotFoundInStore: It does not.
    """
    if not await _is_reachable(thread_id, store, context):
        # In the words of the store: what cannot be reached looks like what is not there.
        raise NotFoundInStore(f"There is no thread {thread_id!r}.", field="params.thread_id")


async def _is_reachable(thread_id: str, store: ThreadStore, context: RequestContext) -> bool:
    session = context.session
    if session is None:
        return True
    allowed = session.configuration
    if not allowed.history:
        thread = await store.load_thread(thread_id, context)
        if thread.created_at < session.created_at:
            return False
    if allowed.recent_threads is not None:
        return thread_id in await store.newest_thread_ids(allowed.recent_threads, context)
    return True


async def _reachable_threads(
    store: ThreadStore, context: RequestContext
) -> list[ThreadMetadata] | None:
    """The threads that the session reaches, newest first; None where it reaches all."""
    session = context.session
    if session is None:
        return None
    allowed = session.configuration
    if allowed.history and allowed.recent_threads is None:
        return None
    most = min(allowed.recent_threads or MAX_PAGE, MAX_PAGE)
    found: list[ThreadMetadata] = []
    after: str | None = None
    while len(found) < most:
        # Few at a time: without history, those that are reached are the newest few.
        size = min(_READ_AT_ONCE, most - len(found))
        page = await store.load_threads(size, after, "desc", context)
        reached = [
            thread
            for thread in page.data
            if allowed.history or thread.created_at >= session.created_at
        ]
        found += reached
        after = page.after
        if not page.has_more or len(reached) < len(page.data):
            break
    return found


async def page_of_threads(
    params: ThreadListParams, default_limit: int, store: ThreadStore, context: RequestContext
) -> Page[ThreadMetadata]:
    """A page of the threads that the session reaches.

    Args:
        params: Which page.
        default_limit: Most threads of a page that names no limit.
        store: Where the threads are.
        context: Who asks, with which session.

    Raises:
        InvalidRequest: The limit is not positive.
        NotFoundInStore: There is no such cursor.
    """
    limit = params.limit or default_limit
    reachable = await _reachable_threads(store, context)
    if reachable is None:
        return await store.load_threads(limit, params.after, params.order, context)
    request = PageRequest.checked(params.after, limit, params.order)
    ordered = reachable[::-1] if request.ascending else reachable
    first = 0
    if request.after is not None:
        ids = [thread.id for thread in ordered]
        if request.after not in ids:
            raise NotFoundInStore(
                f"There is no {request.after!r} to continue after.", field="params.after"
            )
        first = ids.index(request.after) + 1
    rest = ordered[first:]
    page = rest[: request.limit]
    more = len(rest) > len(page)
    return Page[ThreadMetadata](data=page, has_more=more, after=page[-1].id if more else None)
