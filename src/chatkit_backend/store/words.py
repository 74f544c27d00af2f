"""Text as the words it is found by: the same for every database, for documents and for queries.

Words are folded (case, accents, width) and stemmed as English ones; the stemmer leaves most words
of other languages alone, and treats those that it does not leave alike in document and query.
Chinese, Japanese and Korean have no spaces to go by, or too few: there, characters and pairs of
neighbours stand for words.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

import snowballstemmer  # type: ignore[import-untyped] # it has no types

# Longer ones are no words but encoded data, and an index key cannot be of any length.
_LONGEST: Final = 64
# A word is stemmed in 30 µs and found here in 0.1 µs. More are not in use in one language.
_STEMS_KEPT: Final = 100_000

# Accents of Latin, Greek and Cyrillic letters, which people leave out when they type. Marks of
# other scripts make another letter, so they are kept.
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
# Vowel signs and the like, which `\w` takes for the end of a word.
_MARKS: Final = re.escape(
    "".join(
        sign for sign in map(chr, range(0x0483, 0x1E00)) if unicodedata.category(sign)[0] == "M"
    )
)
# Kana, ideographs, Hangul; those beyond the Basic Multilingual Plane last.
_UNSPACED: Final = (
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_RUN: Final = re.compile(rf"([{_UNSPACED}]+)|((?:(?![{_UNSPACED}])[^\W_]|[{_MARKS}])+)")
_ASCII_WORD: Final = re.compile(r"[a-z0-9]+")

# English words that stand in any question: Snowball's list, the endings that an apostrophe parts
# (it's, don't), and what politeness adds. People write them and documents do not, so they are rare
# in documents, and would count for more than what the question is about.
_STOP_WORDS: Final = frozenset(
    _ASCII_WORD.findall("""
    i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she
    her hers herself it its itself they them their theirs themselves what which who whom whose this
    that these those am is are was were be been being have has had having do does did doing would
    should could ought can will shall may might must a an the and but if or because as until while
    of at by for with about against between into through during before after above below to from up
    down in out on off over under again further then once here there when where why how all any both
    each few more most other some such no nor not only own same so than too very just also now
    s t d m ll re ve don please tell something anything thing things get
    """)
)
# Words that ask for a number after "how". Elsewhere they tell: a long shell, many spans.
_AFTER_HOW: Final = frozenset({"many", "much", "long", "often"})

_ENGLISH: Final = snowballstemmer.stemmer("english")
# It keeps the word that it works on.
_ENGLISH_LOCK: Final = threading.Lock()


def words_of(text: str) -> Iterator[str]:
    """The words of a text, stemmed, in their order, repeated ones included.

    Any text is fine; what is no letter, digit or mark only parts words.
    """
    return map(_stemmed, _unstemmed(text))


def telling_words_of(text: str) -> Iterator[str]:
    """The words of a text without those that say nothing of what it is about, such as "how".

    Where it has no others, it is about these.
    """
    words = _unstemmed(text)
    telling = [
        word
        for before, word in pairwise(("", *words))
        if word not in _STOP_WORDS and not (before == "how" and word in _AFTER_HOW)
    ]
    return map(_stemmed, telling or words)


def _unstemmed(text: str) -> list[str]:
    if text.isascii():
        return [word[:_LONGEST] for word in _ASCII_WORD.findall(text.lower())]
    words: list[str] = []
    for unspaced, word in _RUN.findall(_folded(text)):
        if word:
            words.append(word[:_LONGEST])
        else:
            words += unspaced
            words += map("".join, pairwise(unspaced))
    return words


def _folded(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", apart))


def _stemmed(word: str) -> str:
    return _english_stem(word) if word.isascii() and word.isalpha() else word


@lru_cache(_STEMS_KEPT)
def _english_stem(word: str) -> str:
    with _ENGLISH_LOCK:
        stem: str = _ENGLISH.stemWord(word)
    return stem
