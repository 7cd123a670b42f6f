"""People with lives, made up from a seed: they live in homes, move, marry, have several numbers; and rows of
them as somebody typed them. The words are in ``lives.toml``."""

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tests.accuracy.tables import Table

Person = dict[str, Any]
_WORDS = Path(__file__).with_suffix(".toml")
_BESIDE = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuiopqsdfghjklaxcvbnmz", strict=True))
_BY_EAR = [pair.split("=") for pair in "ph=f ck=k ie=y th=t z=s v=w c=k ee=i ou=u".split()]
_NOTES = "calls prefers morning evening vegetarian parking gate dog allergy returns invoice late gift"
_NAMES = ("given", "surname", "full")
_UNASKED = {
    "born": ("1900-01-01", "01/01/1970"),
    "phone": ("0000000000", "999999999"),
    "mail": ("noemail@example.com", "none@none.com"),
}
_JOBS = "teacher nurse driver engineer clerk cook farmer lawyer plumber doctor baker mason"


class Made(NamedTuple):
    """What a table shows, and in which state its rows are.

    ``columns``: what each holds, by the name that stands over it. ``spoilt``: the share of values with slips;
    ``missing``: of empty cells, a fifth of that among names. ``homes``: how many live together, one drawn;
    ``copies`` the same for a person's rows. ``moves``: the share of people who moved, or married. ``few``:
    so many full names are borne by all; ``skew``: by what power common words are commoner. ``unasked``: the
    share of birth dates, numbers and e-mail addresses in whose place somebody typed what came to mind.
    """

    origins: tuple[str, ...]
    people: int
    columns: Mapping[str, str]
    spoilt: float = 0.1
    missing: float = 0.0
    homes: tuple[int, ...] = (1,)
    copies: tuple[int, ...] = (1, 1, 2, 2, 3)
    moves: float = 0.05
    few: int = 0
    skew: float = 1.6
    twins: float = 0.02
    unasked: float = 0.0


@cache
def _words() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_WORDS.read_text(encoding="utf-8"))


class World:
    """People of some origins, home after home."""

    def __init__(self, made: Made, seed: int) -> None:
        self._made, self._rng = made, Random(seed)
        self._few = [
            self._names(origin, "", bool(n % 2)) for n in range(made.few) for origin in made.origins[:1]
        ]

    def _one(self, words: str | list[str], skew: float = 0.0) -> str:
        """A word, the first ones more often."""
        listed = words.split() if isinstance(words, str) else words
        power = skew or self._made.skew
        return listed[int(len(listed) * self._rng.random() ** power)].replace("_", " ")

    def _number(self, form: str) -> str:
        rng = self._rng
        return "".join(
            rng.choice("0123456789") if mark == "#" else rng.choice("ABDEGHLNSTW") if mark == "@" else mark
            for mark in form
        )

    def _names(self, origin: str, surname: str, woman: bool) -> tuple[str, str]:
        words = _words()[origin]
        given = self._one(words["women" if woman else "men"])
        if "middles" in words:
            given = f"{self._one(words['middles'])} {given}"
        elif words.get("joined") and self._rng.random() < 0.6:
            given += self._one(words["men"]).lower()
        return given, surname or self._surname(origin)

    def _surname(self, origin: str) -> str:
        words, rng = _words()[origin], self._rng
        if "surnames" not in words:
            return ""
        if "parts" in words and rng.random() < 0.5:
            return "".join(rng.choice(part.split()) for part in words["parts"])
        return self._one(words["surnames"])

    def _home(self, origin: str) -> Person:
        words, rng = _words()[origin], self._rng
        towns = words["towns"].split()
        at = int(len(towns) * rng.random() ** self._made.skew)
        code = Random(at * 7 + 1).choice(("1", "2", "3")) + f"{at:02d}"
        digits = "".join(self._number(mark) for mark in words["code"])
        # A postcode begins as its town does, and a region holds some towns.
        code = (
            (code + digits[3:])
            if digits.isdigit() and len(digits) > 3
            else f"{towns[at][:2].upper()}{digits[2:]}"
        )
        return {
            "street": f"{rng.randint(1, 120)} {self._one(words['streets'], 1.0)}", "code": code,
            "town": towns[at].replace("_", " "), "state": f"{origin[:2].upper()} {'NSWE'[at % 4]}",
            "landline": self._number("0## ######"),
        }  # fmt: skip

    def people(self) -> Iterator[Person]:
        """All of them; those of one home one after another."""
        made, rng = self._made, self._rng
        number = 0
        while number < made.people:
            origin = rng.choice(made.origins)
            home, size = self._home(origin), rng.choice(made.homes)
            father, mother = (self._surname(origin) for _ in range(2))
            head: Person = {}
            born_before = date.min
            for member in range(size):
                woman = bool(rng.getrandbits(1)) if member != 1 else not head["woman"]
                born = date(1940, 1, 1) + timedelta(days=int(rng.random() * 20_000))
                if member > 1:
                    born = max(born, head["born"] + timedelta(days=8000 + int(rng.random() * 5000)))
                one = self._member(origin, (member, woman, born), (father, mother), head)
                one |= {"home": home, "woman": woman, "origin": origin}
                if member > 1 and rng.random() < made.twins:
                    one["born"] = born_before
                head, born_before = head or one, one["born"]
                yield self._finished(one)
                number += 1

    def _member(
        self, origin: str, who: tuple[int, bool, date], names: tuple[str, str], head: Person
    ) -> Person:
        member, woman, born = who
        rng = self._rng
        given, surname = self._names(origin, names[0] if rng.random() < 0.85 else "", woman)
        if self._few:
            given, surname = self._few[int(len(self._few) * rng.random() ** 2)]
            surname = head.get("surname", surname)
        elif origin == "icelandic":
            father = head["given"] if member > 1 and not head["woman"] else self._names(origin, " ", False)[0]
            surname = father.removesuffix("ur").removesuffix("i") + "s" + ("dóttir" if woman else "son")
        elif origin == "spanish":
            second = names[1] if member > 1 else self._surname(origin)
            surname = f"{names[0] if member != 1 else self._surname(origin)} {second}"
        elif origin == "vietnamese" and member == 1:
            surname = self._surname(origin)
        if member > 1 and not woman and not head["woman"] and rng.random() < 0.04:
            given = head["given"]
        return {"given": given, "surname": surname, "born": born}

    def _finished(self, one: Person) -> Person:
        """A person with all that may be asked of one."""
        rng, words = self._rng, _words()[one["origin"]]
        name = plain(f"{one['given'].split()[-1]}.{one['surname'].split()[-1]}".lower()).replace("'", "")
        mail = rng.choice((name, name.replace(".", ""), name[0] + name.partition(".")[2])) + rng.choice(
            ("", "", str(rng.randint(1, 99)))
        )
        homes = [one["home"]]
        while rng.random() < self._made.moves:
            homes.append(self._home(one["origin"]))
        surnames = [one["surname"]]
        if one["woman"] and rng.random() < self._made.moves:
            surnames.append(self._surname(one["origin"]) or one["surname"])
        numbers = [self._number(words["phone"]) for _ in range(rng.choice((1, 1, 2)))]
        if rng.random() < 0.3:
            numbers.append(one["home"]["landline"])
        return one | {
            "homes": homes, "surnames": surnames, "phones": numbers, "skew": self._made.skew,
            "mails": [f"{mail}@{rng.choice(('gmail.com', 'mail.example', 'post.example', 'web.example'))}"],
            "birthplace": self._one(words["towns"]), "job": self._one(_JOBS),
            "height": f"{rng.gauss(170, 10):.1f}", "tier": self._one("basic basic silver gold", 1.3),
            "note": " ".join(self._one(_NOTES, 1.0) for _ in range(6)),
        }  # fmt: skip


def plain(text: str) -> str:
    """A text without its accents."""
    text = text.replace("đ", "d").replace("ß", "ss").replace("ð", "d").replace("þ", "th").replace("ø", "o")
    return "".join(mark for mark in unicodedata.normalize("NFD", text) if not unicodedata.combining(mark))


class Clerk:
    """Somebody who types rows."""

    def __init__(self, made: Made, rng: Random) -> None:
        self._made, self._rng = made, rng

    def row(self, one: Person) -> dict[str, str]:
        """What a row says of a person, by its columns; an empty text is no value."""
        rng, made = self._rng, self._made
        home, surname = rng.choice(one["homes"]), rng.choice(one["surnames"])
        given = one["given"]
        said = {
            **{name: one[name] for name in ("birthplace", "job", "height", "tier", "note", "born")},
            **{name: home[name] for name in ("street", "town", "code", "state")},
            "given": given, "surname": surname, "phone": rng.choice(one["phones"]), "mail": one["mails"][0],
        }  # fmt: skip
        if rng.random() < 0.15 * made.spoilt:
            said["given"], said["surname"] = said["surname"], said["given"]
        said["full"] = rng.choice((f"{given} {surname}", f"{given} {surname}", f"{surname}, {given}"))
        found = {}
        for column, what in made.columns.items():
            gone = made.missing * (0.2 if what in _NAMES else 1.0)
            found[column] = "" if rng.random() < gone else self._typed(what, said[what], one["origin"])
            if made.unasked and what in _UNASKED and rng.random() < made.unasked:
                found[column] = rng.choice(_UNASKED[what])
        return found

    def _typed(self, what: str, value: Any, origin: str) -> str:
        rng = self._rng
        wrong = rng.random() < self._made.spoilt
        if isinstance(value, date):
            return self._dated(value, _words()[origin]["dates"], wrong)
        text = str(value)
        if what in ("given", "surname", "full"):
            text = self._spelt(text, origin)
        if rng.random() < 0.1:
            text = plain(text)
        if what in ("tier", "job", "height") or not wrong or not text:
            return text
        if what == "given" and rng.random() < 0.25:
            return text[0] if rng.random() < 0.5 else text[: rng.randint(3, 5)]
        return self._slipped(text)

    def _spelt(self, text: str, origin: str) -> str:
        """One of the ways to write a name of another script."""
        for pair in _words()[origin].get("spellings", "").split():
            known, _, others = pair.partition("=")
            if known in text.lower() and self._rng.random() < 0.4:
                text = text.lower().replace(known, self._rng.choice(others.split(","))).title()
        return text

    def _dated(self, value: date, form: str, wrong: bool) -> str:
        rng = self._rng
        if not wrong:
            return value.strftime(form)
        how = rng.randrange(5)
        if how == 0 and value.day <= 12:
            value = value.replace(month=value.day, day=value.month)
        elif how == 1:
            value = value.replace(month=1, day=1)
        elif how == 2:
            value = value.replace(year=value.year + rng.choice((-1, 1, -10, 10)), day=min(value.day, 28))
        else:
            value = value.replace(day=rng.randint(1, 28))
        return value.strftime(form)

    def _slipped(self, text: str) -> str:
        rng, at = self._rng, self._rng.randrange(len(text))
        how, low = rng.randrange(6), text.lower()
        letter = rng.choice("0123456789") if text[at].isdigit() else _BESIDE.get(low[at], "e")
        heard = [(said, written) for said, written in _BY_EAR if said in low]
        if how == 0 and heard:
            return low.replace(*rng.choice(heard)).title()
        if how == 1 and at:
            return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
        if how == 2 and len(text) > 2:
            return text[:at] + text[at + 1 :]
        if how == 3:
            return text[:at] + letter + text[at:]
        return text[:at] + letter + text[at + 1 :]


def made(what: Made, seed: int = 23) -> Table:
    """A table's records, in no order, and whose each is."""
    rng = Random(seed + 1)
    clerk, rows = Clerk(what, rng), []
    for number, one in enumerate(World(what, seed).people()):
        rows += [(clerk.row(one), f"p{number}") for _ in range(rng.choice(what.copies))]
    rng.shuffle(rows)
    keys = [("made", f"r{place}") for place in range(len(rows))]
    said = ({name: (text,) for name, text in row.items() if text} for row, _ in rows)
    return Table(dict(zip(keys, said, strict=True)), dict(zip(keys, (who for _, who in rows), strict=True)))
