"""`items.feedback`: what users think is kept."""

from __future__ import annotations

from typing import Any

import pytest
from chatkit.types import FeedbackKind

from chatkit_backend.chat.server import ChatServer
from chatkit_backend.context import RequestContext
from chatkit_backend.store.engine import Database
from chatkit_backend.store.rated_items import rated_items
from tests.chatting import Chat, thread_of
from tests.conftest import Serve

ORIGINAL = "Hello from the scripted provider."


async def kept(url: str) -> list[tuple[str, str, str, str]]:
    """Who rated which text how, after which question."""
    database = await Database.open(url)
    try:
        return [
            (item.user, item.kind, item.text, item.question) async for item in rated_items(database)
        ]
    finally:
        await database.close()


async def test_what_a_user_thinks_of_an_answer_is_kept_with_a_change_of_mind(
    serve: Serve, tmp_path: Any
) -> None:
    url = f"sqlite:///{tmp_path / 'own.db'}"
    served = serve(database_url=url)
    async with Chat(served.url, user="ada") as ada:
        thread = thread_of(await ada.say("Hello?"))
        _, answer = await ada.items(thread)
        for kind in ("positive", "negative"):
            rated = {"thread_id": thread, "item_ids": [answer["id"]], "kind": kind}
            assert await ada.ask("items.feedback", **rated) == {}
    served.stop()
    assert await kept(url) == [("ada", "negative", ORIGINAL, "Hello?")]


@pytest.mark.parametrize(
    ("params", "status", "field"),
    [
        ({"item_ids": ["msg_x"], "kind": "positive"}, 404, "params.item_ids"),
        ({"item_ids": [], "kind": "positive"}, 400, "params.item_ids"),
        ({"item_ids": ["msg_x"] * 101, "kind": "positive"}, 400, "params.item_ids"),
        ({"item_ids": ["msg_x"], "kind": "so-so"}, 400, "params.kind"),
        ({"thread_id": "thr_x", "item_ids": ["x"], "kind": "positive"}, 404, "params.thread_id"),
    ],
)
async def test_what_cannot_be_rated_is_refused_with_the_field(
    chat: Chat, params: dict[str, Any], status: int, field: str
) -> None:
    thread = thread_of(await chat.say("Hello"))
    response = await chat.post("items.feedback", **{"thread_id": thread, **params})
    assert (response.status_code, response.json()["error"]["field"]) == (status, field)


class Alarmed(ChatServer):
    """A team's server that looks at what is not liked, and keeps it as well."""

    disliked: list[str]

    async def add_feedback(
        self,
        thread_id: str,
        item_ids: list[str],
        feedback: FeedbackKind,
        context: RequestContext,
    ) -> None:
        if feedback == "negative":
            self.disliked.extend(item_ids)
        await super().add_feedback(thread_id, item_ids, feedback, context)


async def test_a_server_of_ones_own_may_listen_and_pass_it_on(serve: Serve, tmp_path: Any) -> None:
    Alarmed.disliked = []
    url = f"sqlite:///{tmp_path / 'own.db'}"
    served = serve(database_url=url, agent=f"{__name__}:Alarmed")
    async with Chat(served.url, user="ada") as ada:
        thread = thread_of(await ada.say("Hello?"))
        _, answer = await ada.items(thread)
        rated = {"thread_id": thread, "item_ids": [answer["id"]], "kind": "negative"}
        await ada.ask("items.feedback", **rated)
    served.stop()
    assert Alarmed.disliked == [answer["id"]]
    assert len(await kept(url)) == 1
