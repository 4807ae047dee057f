"""HCL texts by a seed: values as tfvars files have them, in all the ways HCL lets one write."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

_STRINGS = (
    "", "a", " a  b ", "é", "日本", r"\n", r"\t", r"\"", r"\\", r"\u00e9", r"\U0001F600", "$${a}",
    "%%{if}", '$${a \\"b\\"}', "$", "$$", "%", "$a", "# no comment", "// none", "/* none */",
    "{", "}", "<<E", r"\q", "$$${a}", "a$${", "100%", "$${a}%%{b}",
)  # fmt: skip
_NUMBERS = (
    "0", "1", "256.0", "1.5", "1e3", "1E3", "1e+3", "2.5e-1", "-1", "- 1", "-1.50", "007", "1.",
    ".5", "0x10", "1_000", "12345678901234567890", "0.1", "1e0", "1.0e2", "-0",
)  # fmt: skip
_COMMENTS = ("", "", "", " # c", " // c", " /* c */", " # \"c", " /* a\n b */")  # fmt: skip
_KEYS = (
    "a", "b", "c-d", '"e f"', '"a.b"', "1", "_x", "é", '"$${x}"', '("p")', "true", "null", "for_",
)  # fmt: skip
_LINES = (
    "line", "  two", "    four", "", "\ttab", r"no \n escape", 'a "quoted" word', "$${a}", "%%{b}",
    "# kept", '$${a "b"}', "EOT2", "  ", "$", r"\\", "é",
)  # fmt: skip


class Texts:
    """Makes texts of values.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def tfvars(self, name: str) -> str:
        """Return a tfvars text that gives `name` a value, or is one that nobody may write."""
        random = self._random
        start = random.choice(("", "", "", "\n", "# c\n", "/* c */ ", "// c\n\n", "\ufeff"))
        equals = random.choice((" = ", " = ", "=", "\t=\t", " = /* c */ ", " /* c */ = "))
        value = self.value(3)
        end = "" if "<<" in value else random.choice(_COMMENTS)
        text = f"{start}{name}{equals}{value}{end}" + random.choice(("\n", "\n", "", "\n\n"))
        return text.replace("\n", "\r\n") if random.random() < 0.05 else text

    def value(self, depth: int) -> str:
        """Return a value, of collections in each other no deeper than `depth`."""
        random = self._random
        kinds: list[Callable[[], str]] = [
            self._string, self._string, self._number, self._word, self._heredoc,
        ]  # fmt: skip
        if depth:
            kinds += [lambda: self._tuple(depth), lambda: self._object(depth)] * 2
        return random.choice(kinds)()

    def _string(self) -> str:
        count = self._random.choice((0, 1, 1, 2, 3))
        return f'"{"".join(self._random.choice(_STRINGS) for _ in range(count))}"'

    def _number(self) -> str:
        number = self._random.choice(_NUMBERS)
        return f"({number})" if self._random.random() < 0.1 else number

    def _word(self) -> str:
        return self._random.choice(("true", "false", "null", "true", "var.x", "yes", "!true"))

    def _heredoc(self) -> str:
        random = self._random
        indent = random.choice(("", "  ", "    ", "\t"))
        lines = [indent + random.choice(_LINES) for _ in range(random.choice((0, 1, 2, 3, 4)))]
        trim = random.choice(("", "-", "-"))
        mark = random.choice(("EOT", "E", "_X", "A-B"))
        end = random.choice(("", "  ", indent)) + mark
        return "\n".join((f"<<{trim}{mark}", *lines, end)) + random.choice(("\n", "\n", "\n# c\n"))

    def _tuple(self, depth: int) -> str:
        random = self._random
        parts = [self.value(depth - 1) for _ in range(random.choice((0, 1, 2, 3)))]
        lines = random.random() < 0.4
        if not parts:
            return random.choice(("[]", "[ ]", "[\n]", "[ # c\n]", "[ /* c */ ]"))
        if lines:
            between = random.choice((",\n", ", # c\n", " /* c */,\n", "\n,\n", ",\n\n  # c\n  "))
            return f"[\n  {between.join(parts)}{random.choice(('', ','))}\n]"
        return f"[{', '.join(parts)}{random.choice(('', '', ','))}]"

    def _object(self, depth: int) -> str:
        random = self._random
        keys = random.sample(_KEYS, random.choice((0, 1, 2, 3)))
        if not keys:
            return random.choice(("{}", "{ }", "{\n}", "{ # c\n}", "{ /* c */ }"))
        parts = [
            f"{key}{random.choice((' = ', '=', ' : ', ': ', ' = /* c */ '))}{self.value(depth - 1)}"
            for key in keys
        ]
        if random.random() < 0.5:
            between = random.choice(("\n", "\n", ",\n", " # c\n", ", // c\n", "\n\n/* c */\n"))
            return f"{{\n  {between.join(parts)}{random.choice(('', ','))}\n}}"
        return f"{{ {', '.join(parts)}{random.choice(('', '', ','))} }}"
