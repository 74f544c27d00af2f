"""What a question refers to in its conversation."""

from __future__ import annotations

import pytest

from chatkit_backend.retrieval.questions import Question

OPENING = "When is the library open on Saturdays?"


@pytest.mark.parametrize(
    "text",
    [
        "and on Mondays?",
        "And what about the reading room on holidays?",
        "Mondays?",
        "Can I bring my dog to it?",
        "Is it open for them too?",
        "und montags?",
        "那星期一呢?",
    ],
)
def test_a_question_that_points_back_takes_the_one_before_along(text: str) -> None:
    question = Question(text, [OPENING])
    assert question.texts() == {text: 1.0, OPENING: 0.4}
    assert question.whole() == f"{text}\n{OPENING}"


@pytest.mark.parametrize(
    "text",
    [
        "How do I renew a library card?",
        "Where can I find books about gardening in the main building?",
        "I would like to know whether it is possible to reserve one of the rooms for a whole day.",
        "图书馆的阅览室可以预约吗还是先到先得?",
    ],
)
def test_a_question_that_says_it_all_stands_alone(text: str) -> None:
    question = Question(text, [OPENING])
    assert question.texts() == {text: 1.0}
    assert question.whole() == text


def test_a_chain_of_them_goes_back_to_one_that_stands_alone() -> None:
    earlier = ["Tell me about the history of the old town hall.", OPENING, "and on Mondays?"]
    question = Question("and Sundays?", earlier)
    assert question.texts() == {"and Sundays?": 1.0, "and on Mondays?": 0.4, OPENING: 0.2}
    assert question.whole() == f"and Sundays?\nand on Mondays?\n{OPENING}"


def test_the_same_words_again_count_in_full() -> None:
    assert Question("Mondays?", ["Mondays?"]).texts() == {"Mondays?": 1.0}


def test_of_a_long_message_a_model_of_meaning_gets_the_beginning() -> None:
    assert len(Question("and? " * 10_000).whole()) == 2_000


def test_what_is_asked_is_not_cut_off_behind_a_long_message() -> None:
    assert Question("and on Mondays?", ["x " * 1_500]).whole().startswith("and on Mondays?\n")
