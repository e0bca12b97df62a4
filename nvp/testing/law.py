"""A law of a part, how it is broken, and the suite that runs the laws of one part."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

Law = Callable[[Any], None]


class BrokenLaw(AssertionError):
    """A part does not keep a law; the message says what was expected and what came."""


def expect(holds: bool, expected: str, got: object) -> None:
    """Raise `BrokenLaw` unless a law holds.

    Args:
        holds: whether it does.
        expected: what a part that keeps the law has or does; follows the word "expected".
        got: what this part has or does; follows the word "got".
    """
    if not holds:
        raise BrokenLaw(f"expected {expected}, got {got}")


class Suite:
    """The laws of one part. In a subclass, each law is a test that pytest finds.

    A subclass in a user's tests is called `Test...` and names the part; its other attributes say
    what the laws are tried on. Neither pytest nor a fixture is needed to make or to run one.

    Attributes:
        name: the part, as a study names it: "mlp", or "package.module:attribute".
        laws: functions of a case; each raises `BrokenLaw` when the part does not keep it.
    """

    name: str = ""
    laws: ClassVar[tuple[Law, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Make a test method of each law that a subclass lists."""
        for law in vars(cls).get("laws", ()):
            setattr(cls, f"test_{law.__name__}", as_test(law))

    def cases(self) -> Iterable[Any]:
        """Return what each law is tried on."""
        raise NotImplementedError

    @classmethod
    def check(cls, name: str, **attributes: object) -> None:
        """Try all laws on a part, outside of pytest too.

        Args:
            name: of the part.
            attributes: other attributes of the suite, e.g. `image_shape=(1, 28, 28)`.

        Raises:
            BrokenLaw: a line for each law that the part does not keep.
            TypeError: an attribute that the suite does not have.
        """
        unknown = [each for each in attributes if not hasattr(cls, each)]
        if unknown:
            raise TypeError(f"{cls.__name__}.check: expected its attributes, got {unknown}")
        broken = list(cls.named(name, **attributes).find_broken())
        if broken:
            raise BrokenLaw("\n".join(broken))

    @classmethod
    def named(cls, name: str, **attributes: object) -> "Suite":
        """Return a suite of a part, with these attributes."""
        suite = cls()
        for each, value in {"name": name, **attributes}.items():
            setattr(suite, each, value)
        return suite

    def find_broken(self) -> Iterator[str]:
        """Yield the message of each law that the part does not keep."""
        for law in self.laws:
            try:
                as_test(law)(self)
            except BrokenLaw as broken:
                yield str(broken)


def as_test(law: Law) -> Callable[[Suite], None]:
    """Return a test method that tries a law on every case of its suite."""

    def test(self: Suite) -> None:
        for case in self.cases():
            try:
                law(case)
            except BrokenLaw as broken:
                raise BrokenLaw(f"{case}: {law.__name__.replace('_', ' ')}: {broken}") from None

    # not `functools.wraps`: pytest would ask for a fixture called as the law's argument
    test.__name__, test.__doc__ = f"test_{law.__name__}", law.__doc__
    return test
