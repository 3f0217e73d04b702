"""What stands in a row for an attribute that nobody said would be read."""

from typing import Any, NoReturn


class Unread:
    """Fails whatever is done with it: else what is missing would be taken for null."""

    __slots__ = ()

    def _fail(self, *_: object) -> NoReturn:
        raise TypeError("This attribute of a row was not read: the columns of its page request leave it out.")

    __bool__ = __len__ = __iter__ = __getitem__ = __contains__ = __call__ = __getattr__ = _fail
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _fail
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = _fail
    __str__ = __format__ = __bytes__ = __int__ = __float__ = __index__ = _fail

    def __repr__(self) -> str:
        return "UNREAD"


UNREAD: Any = Unread()  # stands in the place of any value
