"""Personal data out of texts: e-mail addresses, phone, card and bank account numbers.

Each becomes a placeholder, as [email 1]; the same value the same one within a call, so that a model
can still tell them apart. Found by their form; card numbers also by their check digit (Luhn, ISO
7812), IBANs by theirs (ISO 13616). Names and addresses have no form and are not found.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import re2

EMAIL, IBAN, CARD, PHONE = "email", "iban", "card", "phone"
KINDS: Final = (EMAIL, IBAN, CARD, PHONE)
"""In the order in which they are looked for: what is an IBAN is no phone number any more."""

_FORMS: Final[dict[str, Any]] = {
    EMAIL: re2.compile(r"[\pL\pN._%+\-]+@[\pL\pN\-]+(?:\.[\pL\pN\-]+)*\.\pL{2,}"),
    IBAN: re2.compile(r"[A-Za-z]{2}\d{2}(?:[ \-]?[A-Za-z0-9]){11,30}"),
    CARD: re2.compile(r"\d(?:[ \-]?\d){12,18}"),
    PHONE: re2.compile(
        r"(?:\+|00)[1-9](?:[ \-./()]{0,2}\d){6,13}"  # with the country
        r"|\(?0[1-9](?:[ \-./()]{0,2}\d){6,12}"  # within most countries
        r"|\(?[2-9]\d{2}\)?[ \-.][2-9]\d{2}[ \-.]\d{4}"  # in North America
    ),
}
_DATE: Final = re.compile(r"\d{1,2}[./\-]\d{1,2}[./\-]\d{4}")


class Masker:
    """Masks some kinds of data in the texts of one call, and counts what it found."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self._kinds = [kind for kind in KINDS if kind in kinds]
        self._known: dict[tuple[str, str], str] = {}

    def __call__(self, text: str) -> str:
        """The text with placeholders."""
        for kind in self._kinds:
            text = self._masked(kind, text)
        return text

    @property
    def found(self) -> dict[str, int]:
        """How many different values there were, by kind."""
        kinds = [kind for kind, _ in self._known]
        return {kind: kinds.count(kind) for kind in self._kinds if kind in kinds}

    def _masked(self, kind: str, text: str) -> str:
        parts: list[str] = []
        done = 0
        for match in _FORMS[kind].finditer(text):
            start, end = match.span()
            if start < done or _in_word(text, start):
                continue
            value = _CHECKS[kind](text[start:end])
            if not value or _goes_on(text, start + len(value)):
                continue
            parts += [text[done:start], self._placeholder(kind, value)]
            done = start + len(value)
        return "".join([*parts, text[done:]]) if parts else text

    def _placeholder(self, kind: str, value: str) -> str:
        key = kind, "".join(filter(str.isalnum, value)).lower()
        if key not in self._known:
            number = sum(known == kind for known, _ in self._known) + 1
            self._known[key] = f"[{kind} {number}]"
        return self._known[key]


def _in_word(text: str, start: int) -> bool:
    return start > 0 and text[start - 1].isalnum()


def _goes_on(text: str, end: int) -> bool:
    return end < len(text) and text[end].isalnum()


# --- Checks: as much of what was found as is the value, "" if it is none --------------------------


def _card(found: str) -> str:
    digits = [int(d) for d in reversed(found) if d.isdigit()]
    doubled = (sum(divmod(2 * d, 10)) for d in digits[1::2])
    return found if len(set(digits)) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0 else ""


def _iban(found: str) -> str:
    """The longest beginning with the right check digits: words may follow the number."""
    for end in range(len(found), 14, -1):
        if found[end - 1] in " -" or (end < len(found) and found[end] not in " -"):
            continue
        plain = "".join(filter(str.isalnum, found[:end])).upper()
        turned = plain[4:] + plain[:4]
        if len(plain) >= 15 and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1:
            return found[:end]
    return ""


def _phone(found: str) -> str:
    return "" if _DATE.fullmatch(found) else found


_CHECKS: Final[dict[str, Callable[[str], str]]] = {
    EMAIL: lambda found: found,
    IBAN: _iban,
    CARD: _card,
    PHONE: _phone,
}
