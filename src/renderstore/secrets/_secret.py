"""A text that shows itself to nobody who does not ask."""

from __future__ import annotations

import hmac
from typing import NoReturn, final


@final
class Secret:
    """A secret text. Only `reveal` gives it; printing, logging and formatting do not."""

    # Without a __dict__, vars() and debuggers' summaries have nothing to show.
    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The secret itself."""
        return self.__text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # In the same time wherever the first difference stands.
        return hmac.compare_digest(_bytes(self.__text), _bytes(other.__text))

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return bool(self.__text)

    # dataclasses.asdict copies deeply; a value that never changes is its own copy.
    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A Secret is not pickled: what is written down is read.")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
