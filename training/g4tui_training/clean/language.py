"""Rule `language`: a coarse guess by script, then by the commonest words of a language.

It is meant to keep other languages out of a set, not to tell close relatives apart, and says
nothing about texts that are short or mostly code: those stay.
"""

import unicodedata
from collections import Counter

from g4tui_training.clean.texts import words

# The commonest words of each; a single letter is as likely a variable's name.
_COMMON = {
    "en": "the of and to is that for it with you are this be your can have not on as how",
    "de": "der die und das ist nicht ein eine zu den mit von für auf sich auch wie ich sie es",
    "fr": "le les et des une est pour que dans du vous pas sur avec qui plus ce je nous au",
    "es": "el los las una es para que con por del se su como más pero muy al está lo",
    "pt": "os uma para que com não do da em um você mais como por ao na seu",
    "it": "il di che per una non con sono del della gli si come più anche nel questo ma",
    "nl": "de het een en van is niet dat op te zijn voor met die ik je maar ook aan er",
    "sv": "och att det är som en på inte jag för av med den till har de om ett kan du",
    "pl": "nie na się że jest do to jak co ale po tak przez od dla może",
    "tr": "ve bir bu için ile da de çok ne gibi daha olarak ben var mı en kadar ama olan değil",
    "vi": "và của là có không cho một được trong với các người để khi này những đã tôi bạn như",
    "id": "yang dan di untuk dengan ini itu tidak dari dalam adalah ke akan pada saya ada bisa",
}
_SCRIPTS = {
    "CYRILLIC": "ru",
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "CJK": "zh",
    "ARABIC": "ar",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "THAI": "th",
    "GREEK": "el",
    "BENGALI": "bn",
    "TAMIL": "ta",
}
_OF_WORD = {
    word: tuple(name for name, listed in _COMMON.items() if word in listed.split())
    for listed in _COMMON.values()
    for word in listed.split()
}
_LOOK = 4_000
_MIN_WORDS = 8
_MIN_SHARE = 0.12
_MIN_DIFFERENT = 3


def guess(text: str) -> str:
    """A language's code (ISO 639-1), or "" where the text does not tell."""
    text = text[:_LOOK]
    if not text.isascii() and (by_script := _by_script(text)):
        return by_script
    said = words(text)
    if len(said) < _MIN_WORDS:
        return ""
    hits: Counter[str] = Counter()
    different: Counter[str] = Counter()
    for word, times in Counter(said).items():
        for name in _OF_WORD.get(word, ()):
            hits[name] += times
            different[name] += 1
    (best, most), (_, second) = (*hits.most_common(2), ("", 0), ("", 0))[:2]
    sure = most >= _MIN_SHARE * len(said) and different[best] >= _MIN_DIFFERENT
    return best if sure and most > 1.3 * second else ""


def _by_script(text: str) -> str:
    """The language of the script that most letters are of, if that is not Latin."""
    scripts: Counter[str] = Counter()
    for character in text:
        if character.isalpha():
            scripts[unicodedata.name(character, "").partition(" ")[0]] += 1
    if not scripts:
        return ""
    total = sum(scripts.values())
    script, most = scripts.most_common(1)[0]
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > 0.1 * total:
        return "ja"
    return _SCRIPTS.get(script, "") if most > 0.4 * total else ""
