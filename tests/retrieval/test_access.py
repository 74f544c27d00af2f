"""Who may read which collection."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chatkit_backend.context import RequestContext, Session, User, Workflow
from chatkit_backend.retrieval.access import CollectionAccess

ACCESS = CollectionAccess.parsed(
    ["hr=department:hr", "board=groups:board", "board=https://example.com/role: chair "]
)


def reader(**claims: Any) -> RequestContext:
    return RequestContext(user=User(id="ada", claims=claims))


@pytest.mark.parametrize(
    ("claims", "closed"),
    [
        ({}, {"hr", "board"}),
        ({"department": "sales"}, {"hr", "board"}),
        ({"department": "HR"}, {"hr", "board"}),
        ({"department": "hr"}, {"board"}),
        ({"groups": ["staff", "board"]}, {"hr"}),
        ({"groups": "board staff"}, {"hr", "board"}),
        ({"groups": {"board": True}}, {"hr", "board"}),
        ({"https://example.com/role": "chair"}, {"hr"}),
        ({"department": "hr", "groups": ["board"]}, set()),
    ],
)
def test_a_claim_opens_a_collection(claims: dict[str, Any], closed: set[str]) -> None:
    assert ACCESS.closed_to(reader(**claims)) == closed


def test_a_number_and_a_truth_value_are_compared_as_they_are_written() -> None:
    access = CollectionAccess.parsed(["a=level:3", "b=staff:true"])
    assert access.closed_to(reader(level=3, staff=True)) == set()
    assert access.closed_to(reader(level=True, staff="True")) == {"a", "b"}


def test_what_the_teams_server_gave_to_the_session_counts_as_a_claim() -> None:
    workflow = Workflow(state_variables={"department": "hr"})
    session = Session(id="s", created_at=datetime.now(UTC), workflow=workflow)
    by_session = RequestContext(user=User(id="ada"), session=session)
    assert ACCESS.closed_to(by_session) == {"board"}


def test_what_the_browser_says_opens_nothing() -> None:
    metadata = {"userInfo": {"department": "hr"}, "department": "hr"}
    claimed = RequestContext.for_request(User(id="ada"), metadata)
    assert ACCESS.closed_to(claimed) == {"hr", "board"}


def test_the_team_itself_may_read_all() -> None:
    assert ACCESS.closed_to(None) == set()


def test_the_names_of_the_claims_are_known() -> None:
    assert set(ACCESS.claims()) == {"department", "groups", "https://example.com/role"}
