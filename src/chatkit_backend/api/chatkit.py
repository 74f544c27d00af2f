"""`POST /api/chatkit`: the ChatKit protocol. One JSON operation in; events or JSON out."""

from __future__ import annotations

from time import perf_counter

import structlog
from chatkit.types import ChatKitReq, InputTranscribeReq, is_streaming_req
from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from chatkit_backend.api.dependencies import (
    CurrentIdentity,
    OperationBody,
    context_of,
    too_large,
)
from chatkit_backend.api.services import CurrentServices
from chatkit_backend.api.sse import event_stream
from chatkit_backend.errors import InvalidRequest

_log = structlog.get_logger(__name__)

router = APIRouter()

# Built once: building it takes longer than parsing a body with it.
_OPERATION: TypeAdapter[ChatKitReq] = TypeAdapter(ChatKitReq)


@router.post("/api/chatkit", summary="Run one ChatKit operation")
async def run_operation(
    request: Request, services: CurrentServices, identity: CurrentIdentity, body: OperationBody
) -> Response:
    """Answers with `text/event-stream` for streaming operations and with JSON for the others."""
    started = perf_counter()
    operation = parse_operation(body)
    is_dictation = isinstance(operation, InputTranscribeReq)
    if len(body) > services.max_body_bytes and not is_dictation:
        raise too_large(services.max_body_bytes)
    context = context_of(request, identity, operation.metadata)
    response: Response
    if is_dictation or is_streaming_req(operation):
        # Either is work for a model.
        await services.limits.count_turn(identity.user.id, identity.session)
    if is_streaming_req(operation):
        turn = services.turns.start(services.chat.stream(operation, context))
        response = await event_stream(turn, services.heartbeat_seconds)
    else:
        answer = await services.chat.answer(operation, context)
        response = Response(answer, media_type="application/json")
    milliseconds = round((perf_counter() - started) * 1000, 1)
    _log.info("operation", operation=operation.type, first_byte_ms=milliseconds)
    return response


def parse_operation(body: bytes | bytearray) -> ChatKitReq:
    """The operation in a request's body.

    Raises:
        InvalidRequest: It is no JSON, no known operation, or a field has the wrong type.
    """
    try:
        return _OPERATION.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _as_invalid_request(first) from None


def _as_invalid_request(error: ErrorDetails) -> InvalidRequest:
    match error["type"]:
        case "json_invalid":
            reason = error["ctx"]["error"]
            return InvalidRequest(f"The body is not JSON: {reason}.")
        case "union_tag_not_found" if not error["loc"]:
            return InvalidRequest("type: name the operation, such as threads.create.", field="type")
        case "union_tag_invalid" if not error["loc"]:
            tag, known = error["ctx"]["tag"], error["ctx"]["expected_tags"]
            return InvalidRequest(
                f"type: unknown operation {tag[:100]!r}; known are {known}.", field="type"
            )
        case "model_attributes_type" | "dict_type" if not error["loc"]:
            return InvalidRequest("The body must be a JSON object.")
    # The first part of the location is the operation's own name.
    field = ".".join(str(part) for part in error["loc"][1:])
    return InvalidRequest(f"{field}: {error['msg']}.", field=field)
