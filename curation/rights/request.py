"""The question: may this span of this work be used so, by this licensee, there and then?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from curation.rights.row_parsing import nearest
from curation.rights.windows import WindowError, format_instant, parse_instant

Span = tuple[int, int]


class RequestError(ValueError):
    """A request that asks nothing decidable, naming the field, the reason and the remedy."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"request: {field} {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One use to be cleared.

    `span` is frames `[first, past-last)`, None the whole work. `use_from` and `use_until` are the
    instants `[from, until)` of the use, `known_at` the state of knowledge to decide from. An
    unknown work, action, component, licensee or territory is a fair question with the answer no;
    an empty one is a `RequestError`, because nothing asked would be everything granted.
    """

    work_id: str
    components: tuple[str, ...]
    action: str
    licensee: str
    territories: tuple[str, ...]
    use_from: datetime
    use_until: datetime
    known_at: datetime
    span: Span | None = None
    redacted_components: tuple[str, ...] = ()
    commercial: bool = True

    def __post_init__(self) -> None:
        for name in ("work_id", "action", "licensee", "components", "territories"):
            if not getattr(self, name):
                raise RequestError(name, "is empty; name what is asked for")
        for name in ("work_id", "action", "licensee"):
            if getattr(self, name) != getattr(self, name).strip():
                raise RequestError(name, "has blanks around it; write it without")
        if self.licensee == "*":
            raise RequestError("licensee", "is *; name one party, a request is never for all")
        if not self.kept:
            raise RequestError("redacted_components", "leaves nothing; ask for what is kept")
        for name in ("use_from", "use_until", "known_at"):
            if getattr(self, name).tzinfo is None:
                raise RequestError(name, "has no offset; give an instant in UTC")
        if self.use_until <= self.use_from:
            raise RequestError("use_until", "is not after use_from; give the end of the use")
        if self.span is not None and not 0 <= self.span[0] < self.span[1]:
            raise RequestError("span", f"{list(self.span)} is not [first, past-last) from frame 0")

    @property
    def kept(self) -> frozenset[str]:
        """The components that remain after redaction."""
        return frozenset(self.components) - frozenset(self.redacted_components)

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Request:
        """Read a request's JSON object.

        Raises:
            RequestError: an unknown or missing field, or a value of the wrong kind.
        """
        names = [field.name for field in fields(cls)]
        for name in data:
            if name not in names:
                raise RequestError(name, f"is unknown{nearest(name, names)}")
        return cls(
            work_id=_text(data, "work_id"),
            components=_texts(data, "components"),
            action=_text(data, "action"),
            licensee=_text(data, "licensee"),
            territories=_texts(data, "territories"),
            use_from=_instant(data, "use_from"),
            use_until=_instant(data, "use_until"),
            known_at=_instant(data, "known_at"),
            span=_span(data.get("span")),
            redacted_components=_texts(data, "redacted_components", required=False),
            commercial=_flag(data.get("commercial", True)),
        )

    def to_json(self) -> dict[str, object]:
        """The request's JSON object; `from_json` reads it back equal."""
        data: dict[str, object] = {
            "work_id": self.work_id,
            "components": list(self.components),
            "redacted_components": list(self.redacted_components),
            "action": self.action,
            "licensee": self.licensee,
            "territories": list(self.territories),
            "use_from": format_instant(self.use_from),
            "use_until": format_instant(self.use_until),
            "known_at": format_instant(self.known_at),
            "commercial": self.commercial,
        }
        if self.span is not None:
            data["span"] = list(self.span)
        return data


def _text(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise RequestError(name, f"is {value!r}; write text")
    return value


def _texts(data: Mapping[str, object], name: str, *, required: bool = True) -> tuple[str, ...]:
    value = data.get(name)
    if value is None and not required:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise RequestError(name, f"is {value!r}; write a list of text")
    return tuple(value)


def _instant(data: Mapping[str, object], name: str) -> datetime:
    try:
        return parse_instant(_text(data, name)).astimezone(UTC)
    except WindowError as error:
        raise RequestError(name, str(error)) from error


def _span(value: object) -> Span | None:
    if value is None:
        return None
    if isinstance(value, list | tuple) and len(value) == 2:
        first, past_last = value
        if type(first) is int and type(past_last) is int:
            return first, past_last
    raise RequestError("span", f"is {value!r}; write [first, past-last)")


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise RequestError("commercial", f"is {value!r}; write true or false")
    return value
