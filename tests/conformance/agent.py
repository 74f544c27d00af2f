"""An agent that can show everything: one tool for each part of the protocol.

The scripted provider says which tool is called. As a team's own agent, it knows the SDKs only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from agents import (
    Agent,
    FunctionTool,
    GuardrailFunctionOutput,
    RunContextWrapper,
    StopAtTools,
    function_tool,
    input_guardrail,
    output_guardrail,
)
from chatkit.agents import AgentContext, ClientToolCall
from chatkit.errors import CustomStreamError
from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageContentPartAdded,
    AssistantMessageContentPartAnnotationAdded,
    AssistantMessageContentPartDone,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    ClientEffectEvent,
    ClosedStatus,
    CustomSummary,
    CustomTask,
    EndOfTurnItem,
    EntitySource,
    FileSource,
    FileTask,
    GeneratedImage,
    GeneratedImageItem,
    GeneratedImageUpdated,
    HiddenContextItem,
    ImageTask,
    LockedStatus,
    NoticeEvent,
    ProgressUpdateEvent,
    SearchTask,
    StructuredInputFreeform,
    StructuredInputItem,
    StructuredInputMultipleChoice,
    StructuredInputMultipleChoiceOption,
    TaskItem,
    ThoughtTask,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdate,
    ThreadItemUpdatedEvent,
    URLSource,
    WidgetComponentUpdated,
    WidgetItem,
    Workflow,
)
from chatkit.widgets import DynamicWidgetComponent, DynamicWidgetRoot

from chatkit_backend.context import RequestContext

Context = AgentContext[RequestContext]
Run = RunContextWrapper[Context]

SECRET = "the user is a guest"
PICTURE = "https://example.com/fox.png"
FORBIDDEN_QUESTION = "forbidden question"
FORBIDDEN_ANSWER = "forbidden answer"


def card(*children: dict[str, Any], **more: Any) -> DynamicWidgetRoot:
    """A card, as a template of Widget Studio would build it."""
    return DynamicWidgetRoot.model_validate({"type": "Card", "children": list(children), **more})


def text(value: str, **more: Any) -> dict[str, Any]:
    """A text in a widget."""
    return {"type": "Text", "id": "words", "value": value, **more}


def _base(context: Context) -> dict[str, Any]:
    return {
        "id": context.generate_id("message"),
        "thread_id": context.thread.id,
        "created_at": datetime.now(UTC),
    }


async def _done(context: Context, item: ThreadItem) -> None:
    await context.stream(ThreadItemDoneEvent(item=item))


async def _updates(context: Context, item: ThreadItem, *updates: ThreadItemUpdate) -> None:
    await context.stream(ThreadItemAddedEvent(item=item.model_copy(deep=True)))
    for update in updates:
        await context.stream(ThreadItemUpdatedEvent(item_id=item.id, update=update))


# Events without an item


async def progress(context: Context) -> None:
    """Tells how far it is."""
    await context.stream(ProgressUpdateEvent(icon="search", text="Looking"))
    await context.stream(ProgressUpdateEvent(text="Found"))


async def notices(context: Context) -> None:
    """Gives a notice of each level."""
    await context.stream(NoticeEvent(level="info", message="For **you**.", title="News"))
    await context.stream(NoticeEvent(level="warning", message="Nearly."))
    await context.stream(NoticeEvent(level="danger", message="Too late."))


async def effect(context: Context) -> None:
    """Has the page do something."""
    await context.stream(ClientEffectEvent(name="confetti", data={"pieces": 3, "color": None}))


async def rename(context: Context) -> None:
    """Gives the thread a title, and says where its pictures are from."""
    context.thread.title = "Foxes"
    context.thread.allowed_image_domains = ["example.com"]
    context.thread.metadata["secret"] = SECRET


async def lock(context: Context) -> None:
    """Locks the thread."""
    context.thread.status = LockedStatus(reason="Somebody reads it.")


async def close(context: Context) -> None:
    """Closes the thread."""
    context.thread.status = ClosedStatus(reason="Solved.")


async def fail(context: Context) -> None:
    """Fails with words for the user."""
    raise CustomStreamError("The till is closed.", allow_retry=True)


# Items


async def widget(context: Context) -> None:
    """Shows a widget that a page could not guess."""
    button = {"type": "Button", "label": "Close", "onClickAction": {"type": "close", "payload": 7}}
    shown = card(text("Ticket 7"), button, size="sm", status={"text": "Open", "icon": "bolt"})
    await context.stream_widget(shown, copy_text="Ticket 7")


async def streaming_widget(context: Context) -> None:
    """Shows a widget that grows: its text, then its root."""

    async def states() -> AsyncGenerator[DynamicWidgetRoot, None]:
        yield card(text("Once"))
        yield card(text("Once upon"))
        yield card(text("Once upon a time"))
        yield card(text("The end"), text("Fin", id="end"))

    await context.stream_widget(states(), copy_text="A tale")


async def widget_component(context: Context) -> None:
    """Shows a widget of which one part changes."""
    item = WidgetItem(**_base(context), widget=card(text("Loading")))
    component = DynamicWidgetComponent(type="Badge", id="words", label="Ready")
    update = WidgetComponentUpdated(component_id="words", component=component)
    await _updates(context, item, update)
    ready = {"type": "Badge", "id": "words", "label": "Ready"}
    await _done(context, item.model_copy(update={"widget": card(ready)}))


async def two_widgets(context: Context) -> None:
    """Shows a second widget before the first one is finished."""
    first = WidgetItem(**_base(context), widget=card(text("First")))
    second = WidgetItem(**_base(context), widget=card(text("Second")))
    await _updates(context, first)
    await _updates(context, second)
    await _done(context, second)
    await _done(context, first)


async def workflow(context: Context) -> None:
    """Shows a task of each type, and how long they took."""
    url = URLSource(title="Foxes", url="https://example.com/foxes", attribution="A. Brehm")
    file = FileSource(title="Foxes", filename="foxes.pdf", description="All of them", group="zoo")
    await context.start_workflow(Workflow(type="custom", tasks=[]))
    await context.add_workflow_task(CustomTask(title="Sorting", icon="bolt", content="by size"))
    loading = SearchTask(title="Searching", queries=["foxes"], status_indicator="loading")
    await context.add_workflow_task(loading)
    complete = {"sources": [url], "status_indicator": "complete", "title_query": "foxes"}
    await context.update_workflow_task(loading.model_copy(update=complete), task_index=1)
    await context.add_workflow_task(ThoughtTask(title="Thinking", content="They are red."))
    await context.add_workflow_task(FileTask(title="Reading", sources=[file]))
    await context.add_workflow_task(ImageTask(title="Painting"))
    await context.end_workflow()


async def summarised_workflow(context: Context) -> None:
    """Shows a workflow that ends with words of its own, and stays unfolded."""
    await context.start_workflow(Workflow(type="reasoning", tasks=[]))
    await context.add_workflow_task(ThoughtTask(content="They are red."))
    await context.end_workflow(CustomSummary(title="Thought", icon="sparkle"), expanded=True)


async def task(context: Context) -> None:
    """Shows a task by itself."""
    found = CustomTask(title="Counted", content="three foxes", status_indicator="complete")
    await _done(context, TaskItem(**_base(context), task=found))


async def image(context: Context) -> None:
    """Shows an image as it gets clearer."""
    item = GeneratedImageItem(**_base(context), image=None)
    rough = GeneratedImage(id="fox", url=f"{PICTURE}?rough")
    clear = GeneratedImage(id="fox", url=PICTURE)
    await _updates(
        context,
        item,
        GeneratedImageUpdated(image=rough, progress=0.5),
        GeneratedImageUpdated(image=clear, progress=1.0),
    )
    await _done(context, item.model_copy(update={"image": clear}))


async def cite(context: Context) -> None:
    """Says something with a source of each type."""
    sources = [
        URLSource(title="Foxes", url="https://example.com/foxes", timestamp="today"),
        FileSource(title="Foxes", filename="foxes.pdf"),
        EntitySource(title="Reynard", id="fox_1", icon="user", label="Fox", data={"age": 3}),
    ]
    annotations = [Annotation(source=source, index=10) for source in sources]
    written = AssistantMessageContent(text="Foxes bark.", annotations=annotations)
    item = AssistantMessageItem(**_base(context), content=[])
    await _updates(
        context,
        item,
        AssistantMessageContentPartAdded(
            content_index=0, content=AssistantMessageContent(text="Foxes")
        ),
        AssistantMessageContentPartTextDelta(content_index=0, delta=" bark."),
        *(
            AssistantMessageContentPartAnnotationAdded(
                content_index=0, annotation_index=index, annotation=annotation
            )
            for index, annotation in enumerate(annotations)
        ),
        AssistantMessageContentPartDone(content_index=0, content=written),
    )
    await _done(context, item.model_copy(update={"content": [written]}))


async def remember(context: Context) -> None:
    """Notes something that the user must not see, in every way that an event can carry it."""
    note = HiddenContextItem(**_base(context), content=SECRET)
    await context.stream(ThreadItemAddedEvent(item=note))
    await _done(context, note)
    noted = note.model_copy(update={"content": {"note": SECRET}})
    await context.stream(ThreadItemReplacedEvent(item=noted))
    dropped = HiddenContextItem(**_base(context), content=SECRET)
    await _done(context, dropped)
    await context.stream(ThreadItemRemovedEvent(item_id=dropped.id))


async def change_of_mind(context: Context) -> None:
    """Replaces what it has shown, and takes something back."""
    item = WidgetItem(**_base(context), widget=card(text("Wrong")))
    await _done(context, item)
    right = item.model_copy(update={"widget": card(text("Right"))})
    await context.stream(ThreadItemReplacedEvent(item=right))
    mistake = WidgetItem(**_base(context), widget=card(text("Oops")))
    await _done(context, mistake)
    await context.stream(ThreadItemRemovedEvent(item_id=mistake.id))


async def end_turn(context: Context) -> None:
    """Says that it is the user's turn."""
    await _done(context, EndOfTurnItem(**_base(context)))


async def unfinished(context: Context) -> None:
    """Shows one item of each type that grows, and gets stuck before any of them is finished."""
    note = AssistantMessageItem(
        **_base(context), content=[AssistantMessageContent(text="Half a word")]
    )
    await _updates(context, note)

    async def states() -> AsyncGenerator[DynamicWidgetRoot, None]:
        yield card(text("Once"))
        yield card(text("Once upon"))
        rough = GeneratedImage(id="fox", url=f"{PICTURE}?rough")
        image_item = GeneratedImageItem(**_base(context), image=None)
        await _updates(context, image_item, GeneratedImageUpdated(image=rough))
        await _updates(context, GeneratedImageItem(**_base(context), image=None))
        await context.start_workflow(Workflow(type="custom", tasks=[CustomTask(title="Waiting")]))
        await context.stream(ProgressUpdateEvent(text="stuck"))
        await asyncio.Event().wait()

    await context.stream_widget(states())


# What the user or the page has to answer


async def locate(context: Context) -> None:
    """Asks the page where the user is, and shows that it does."""
    locating = CustomTask(title="Locating", status_indicator="loading")
    await context.start_workflow(Workflow(type="custom", tasks=[locating]))
    await context.add_workflow_task(CustomTask(title="Asking the page"))
    context.client_tool_call = ClientToolCall(name="locate", arguments={"exact": True})


async def ask(context: Context) -> None:
    """Asks two questions."""
    sizes = [StructuredInputMultipleChoiceOption(value=size) for size in ("small", "large")]
    inputs = [
        StructuredInputMultipleChoice(id="size", question="How big?", options=sizes),
        StructuredInputFreeform(id="why", question="Why?", description="In a word"),
    ]
    await _done(context, StructuredInputItem(**_base(context), inputs=inputs))


@input_guardrail
async def asks_what_it_may(
    _run: Run, _agent: Agent[Context], wanted: Any
) -> GuardrailFunctionOutput:
    """Trips over a question."""
    return GuardrailFunctionOutput(None, FORBIDDEN_QUESTION in str(wanted[-1]))


@output_guardrail
async def says_what_it_may(_run: Run, _agent: Agent[Context], said: Any) -> GuardrailFunctionOutput:
    """Trips over an answer."""
    return GuardrailFunctionOutput(None, FORBIDDEN_ANSWER in str(said))


_SHOWS = (
    progress, notices, effect, rename, lock, close, fail,
    widget, streaming_widget, widget_component, two_widgets,
    workflow, summarised_workflow, task, image, cite, remember, change_of_mind, end_turn,
    unfinished,
)  # fmt: skip
_ASKS = (locate, ask)


def _tool(show: Callable[[Context], Awaitable[None]]) -> FunctionTool:
    async def run_it(run: Run) -> str:
        await show(run.context)
        return f"{show.__name__}: done"

    return function_tool(
        run_it,
        name_override=show.__name__,
        description_override=show.__doc__,
        failure_error_function=None,
    )


agent = Agent[Context](
    name="conformance",
    instructions="Show what you are asked for.",
    tools=[_tool(show) for show in (*_SHOWS, *_ASKS)],
    tool_use_behavior=StopAtTools(stop_at_tool_names=[show.__name__ for show in _ASKS]),
    input_guardrails=[asks_what_it_may],
    output_guardrails=[says_what_it_may],
)
