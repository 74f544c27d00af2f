"""A question, with as much of the conversation as it takes to know what it asks.

"And on Mondays?" says nothing by itself. So the words of what the user asked before count too, for
less than its own. No model is asked to put the question differently: that would take a second
before every answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# A question says more than this by itself.
_FEW_WORDS: Final = 3
# One with words that point back may say this much, and still need what they point to.
_SOME_WORDS: Final = 8
# How much the words of the message before count; those of the one before that, half as much.
_EARLIER_COUNTS: Final = 0.4
_MOST_EARLIER: Final = 2
# Of a message, for an embedding model: it takes the beginning of a long one for the whole.
_MOST_CHARACTERS: Final = 2_000

_WORD: Final = re.compile(r"\w+")
# Chinese and Japanese, where four characters make about two words.
_UNSPACED: Final = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_CHARACTERS_PER_WORD: Final = 2
_POINTING_BACK: Final = frozenset(
    _WORD.findall(
        "it its they them their theirs this that these those there then he him his she her hers "
        "one ones same else instead another other others former latter such"
    )
)
_BEGINNINGS: Final = (("and",), ("but",), ("or",), ("also",), ("what", "about"), ("how", "about"))


@dataclass(frozen=True, slots=True)
class Question:
    """What a user wants to know.

    Attributes:
        text: Their message.
        earlier: Their messages before it, oldest first.
    """

    text: str
    earlier: Sequence[str] = ()

    def texts(self) -> Mapping[str, float]:
        """The message, with 1, and those it refers to, with how much their words count."""
        texts = {}
        counts = _EARLIER_COUNTS
        for message in self._referred_to():
            texts[message] = counts
            counts /= 2
        return {self.text: 1.0} | {text: of for text, of in texts.items() if text != self.text}

    def whole(self) -> str:
        """All of that as one text, for a model that understands it, newest first.

        So that it is the oldest that a model drops of a text too long for it.
        """
        messages = [self.text, *self._referred_to()]
        return "\n".join(message[:_MOST_CHARACTERS] for message in messages)

    def _referred_to(self) -> Sequence[str]:
        """The messages that this one cannot be understood without, newest first."""
        if not _refers_back(self.text):
            return ()
        needed = []
        for message in list(self.earlier)[: -_MOST_EARLIER - 1 : -1]:
            needed.append(message)
            if not _refers_back(message):
                break
        return needed


def _refers_back(text: str) -> bool:
    words = [word.casefold() for word in _WORD.findall(text)]
    unspaced = len(_UNSPACED.findall(text))
    length = len(words) + unspaced // _CHARACTERS_PER_WORD
    if length <= _FEW_WORDS:
        return True
    begins = any(tuple(words[: len(begin)]) == begin for begin in _BEGINNINGS)
    return length <= _SOME_WORDS and (begins or not _POINTING_BACK.isdisjoint(words))
