"""ThreadStore against dictionaries: whatever two users do, both must agree."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from chatkit.types import ClientToolCallItem, ThreadItem
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import delete

from chatkit_backend.context import RequestContext, User
from chatkit_backend.store.engine import Database
from chatkit_backend.store.owned import NotFoundInStore
from chatkit_backend.store.tables import threads
from chatkit_backend.store.threads import ThreadStore
from tests.store.examples import call, message, thread

T = TypeVar("T")

USERS = st.sampled_from(["alice", "bob"])
# Few of each, so that rules meet: on the same thread, on the same item, as the wrong user.
THREADS = st.sampled_from(["t1", "t2", "t3"])
ITEMS = st.sampled_from(["a", "b", "c", "d", "e", "f"])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
ITEM: st.SearchStrategy[ThreadItem] = st.one_of(
    st.builds(message, ITEMS, TEXTS),
    st.builds(call, ITEMS, completed=st.booleans(), output=TEXTS),
)
ORDERS = st.sampled_from(["asc", "desc"])
LIMITS = st.integers(1, 7)

MISSING = "not found"


class Stores(RuleBasedStateMachine):
    """Runs each rule on the store and on dictionaries, which keep the order of insertion."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.database = self.run(Database.open(self.url))
        self.run(self.empty())
        self.store = ThreadStore(self.database)
        self.titles: dict[str, dict[str, str]] = {"alice": {}, "bob": {}}
        self.items: dict[str, dict[str, ThreadItem]] = {}

    def run(self, made: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(made)

    async def empty(self) -> None:
        await self.database.migrate()
        async with self.database.write() as connection:
            await connection.execute(delete(threads))

    def teardown(self) -> None:
        self.run(self.database.close())
        self.runner.close()

    def outcome(self, made: Coroutine[Any, Any, T]) -> T | str:
        try:
            return self.run(made)
        except NotFoundInStore as error:
            return f"{MISSING}: {error.field}"

    def owns(self, user: str, thread_id: str) -> bool:
        return thread_id in self.titles[user]

    def expected_page(self, keys: list[str], after: str | None, limit: int, order: str) -> object:
        ordered = keys if order == "asc" else keys[::-1]
        if after is not None:
            if after not in ordered:
                return f"{MISSING}: params.after"
            ordered = ordered[ordered.index(after) + 1 :]
        page, more = ordered[:limit], len(ordered) > limit
        return (page, more, page[-1] if more else None)

    @rule(user=USERS, thread_id=THREADS, title=TEXTS)
    def save_thread(self, user: str, thread_id: str, title: str) -> None:
        other = "bob" if user == "alice" else "alice"
        made = self.store.save_thread(thread(thread_id, title=title), context(user))
        if self.owns(other, thread_id):
            assert self.outcome(made) == f"{MISSING}: params.thread_id"
        else:
            assert self.outcome(made) is None
            self.titles[user][thread_id] = title
            self.items.setdefault(thread_id, {})

    @rule(user=USERS, thread_id=THREADS)
    def delete_thread(self, user: str, thread_id: str) -> None:
        outcome = self.outcome(self.store.delete_thread(thread_id, context(user)))
        if self.owns(user, thread_id):
            assert outcome is None
            del self.titles[user][thread_id], self.items[thread_id]
        else:
            assert outcome == f"{MISSING}: params.thread_id"

    @rule(
        user=USERS,
        thread_id=THREADS,
        item=ITEM,
        method=st.sampled_from(["add_thread_item", "save_item"]),
    )
    def put_item(self, user: str, thread_id: str, item: ThreadItem, method: str) -> None:
        outcome = self.outcome(getattr(self.store, method)(thread_id, item, context(user)))
        if self.owns(user, thread_id):
            assert outcome is None
            self.items[thread_id][item.id] = item
        else:
            assert outcome == f"{MISSING}: params.thread_id"

    @rule(user=USERS, thread_id=THREADS, item_id=ITEMS)
    def delete_item(self, user: str, thread_id: str, item_id: str) -> None:
        outcome = self.outcome(self.store.delete_thread_item(thread_id, item_id, context(user)))
        if self.owns(user, thread_id):
            assert outcome is None
            self.items[thread_id].pop(item_id, None)
        else:
            assert outcome == f"{MISSING}: params.thread_id"

    @rule(user=USERS, thread_id=THREADS, item_id=ITEMS)
    def load_item(self, user: str, thread_id: str, item_id: str) -> None:
        outcome = self.outcome(self.store.load_item(thread_id, item_id, context(user)))
        if not self.owns(user, thread_id):
            assert outcome == f"{MISSING}: params.thread_id"
        else:
            missing = f"{MISSING}: params.item_id"
            assert outcome == self.items[thread_id].get(item_id, missing)

    @rule(user=USERS, thread_id=THREADS, after=st.none() | ITEMS, limit=LIMITS, order=ORDERS)
    def load_items(
        self, user: str, thread_id: str, after: str | None, limit: int, order: str
    ) -> None:
        made = self.store.load_thread_items(thread_id, after, limit, order, context(user))
        page = self.outcome(made)
        if not self.owns(user, thread_id):
            assert page == f"{MISSING}: params.thread_id"
            return
        stored = self.items[thread_id]
        expected = self.expected_page(list(stored), after, limit, order)
        if isinstance(page, str):
            assert page == expected
        else:
            assert ([item.id for item in page.data], page.has_more, page.after) == expected
            assert page.data == [stored[item.id] for item in page.data]

    @rule(user=USERS, after=st.none() | THREADS, limit=LIMITS, order=ORDERS)
    def load_threads(self, user: str, after: str | None, limit: int, order: str) -> None:
        page = self.outcome(self.store.load_threads(limit, after, order, context(user)))
        stored = self.titles[user]
        expected = self.expected_page(list(stored), after, limit, order)
        if isinstance(page, str):
            assert page == expected
        else:
            assert ([found.id for found in page.data], page.has_more, page.after) == expected
            assert [found.title for found in page.data] == [stored[one.id] for one in page.data]

    @rule(user=USERS, thread_id=THREADS)
    def client_tool_calls(self, user: str, thread_id: str) -> None:
        latest = self.outcome(self.store.latest_client_tool_call(thread_id, context(user)))
        if not self.owns(user, thread_id):
            assert latest == f"{MISSING}: params.thread_id"
            return
        calls = [i for i in self.items[thread_id].values() if isinstance(i, ClientToolCallItem)]
        assert latest == (calls[-1] if calls else None)

    @rule(user=USERS)
    def count_items(self, user: str) -> None:
        counted = self.run(self.store.count_items(["t1", "t2", "t3"], context(user)))
        assert counted == {one: len(self.items[one]) for one in self.titles[user]}


def context(user: str) -> RequestContext:
    return RequestContext(user=User(user))


def test_every_store_agrees_with_the_dictionaries(database_url: str) -> None:
    class Here(Stores):
        url = database_url

    examples = settings(
        max_examples=25,
        stateful_step_count=40,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Here, settings=examples)
