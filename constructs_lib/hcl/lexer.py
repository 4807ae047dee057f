"""Comments, strings and heredocs of HCL, as its specification reads them. Pure Python.

python-hcl2 takes these apart by patterns that know no nesting: a quote in a `#` comment,
`$${a "b"}` or a comment inside of a list ends its reading. Here they are read first, and blanked
or replaced by plain strings of the same length, so that the grammar is left with structure only
and every position in it is one of the original text.

Rules: https://github.com/hashicorp/hcl/blob/v2.20.1/hclsyntax/spec.md, and for the indentation of
`<<-` the function `flushHeredocTemplateParts` of the same version.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["Lexed", "Literal", "lex"]

_SIMPLE_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_UNICODE_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w-]*)\r?\n")
_CODE = re.compile(r'[^"#/<{}()\[\]\n\r=,]+')
# The grammar's names are ASCII, HCL's are Unicode.
_FOREIGN_LETTER = re.compile(r"[^\W\d_a-zA-Z]")
_CLOSERS: Final = {"}": "{", ")": "(", "]": "["}
_BOM: Final = "\ufeff"

Refuse = Callable[[str, int], Exception]


@dataclass(frozen=True)
class Literal:
    """A string or heredoc: its `text` without escapes, and whether Terraform has to evaluate it.

    The text of an evaluated one keeps its `${...}` and `$${` as they are written.
    """

    text: str
    evaluated: bool


@dataclass(frozen=True)
class Lexed:
    """A text whose comments are blank and whose strings are plain, position by position.

    Parameters
    ----------
    structure : str
        As long as the text.
    literals : dict of int to Literal
        By where they start.
    """

    structure: str
    literals: dict[int, Literal]


def lex(text: str, refuse: Refuse, *, keep: frozenset[str] | None = None) -> Lexed:
    """Read the comments, strings and heredocs of `text`.

    Parameters
    ----------
    refuse : callable
        Makes the error to raise, of a reason and a position from 0.
    keep : frozenset of str, optional
        Types of blocks; the bodies of all others at the top are left empty.
    """
    return _Lexer(text, refuse, keep).run()


class _Escaped(str):
    """A `$${` or `%%{` as it is written."""

    __slots__ = ()


class _Lexer:
    def __init__(self, text: str, refuse: Refuse, keep: frozenset[str] | None) -> None:
        self._text, self._refuse, self._keep = text, refuse, keep
        self._out: list[str] = []
        self._literals: dict[int, Literal] = {}
        self._open: list[tuple[str, int]] = []
        self._statement = 0
        self._assigned = False
        self._begun = False

    def run(self) -> Lexed:
        text, at = self._text, 0
        if text.startswith(_BOM):
            self._out.append(" ")
            at = self._statement = 1
        while at < len(text):
            at = self._step(at)
        if self._open:
            bracket, opened = self._open[-1]
            line = text.count("\n", 0, opened) + 1
            raise self._refuse(
                f"unexpected end of file; {bracket!r} of line {line} is open", len(text)
            )
        return Lexed("".join(self._out), self._literals)

    def _step(self, at: int) -> int:
        text = self._text
        if plain := _CODE.match(text, at):
            self._out.append(_FOREIGN_LETTER.sub("x", plain[0]))
            self._begun = self._begun or not plain[0].isspace()
            return plain.end()
        char = text[at]
        if char == "#" or text.startswith("//", at):
            end = text.find("\n", at)
            return self._blank(at, len(text) if end < 0 else end)
        if text.startswith("/*", at):
            return self._blank(at, self._comment_end(at))
        if char == '"':
            end, literal = self._quoted(at)
            return self._literal(at, end, literal)
        if heredoc := _HEREDOC.match(text, at):
            end, literal = self._heredoc(heredoc)
            return self._literal(at, end, literal)
        if char in "{([":
            self._open.append((char, at))
        elif char in _CLOSERS and not self._close(at):
            raise self._refuse(f"unexpected {char!r}", at)
        elif char == "\r":
            char = " "
        elif char == "\n":
            char = self._newline(at)
        elif char == "," and not self._begun and self._open and self._open[-1][0] == "{":
            raise self._refuse("unexpected ','; it belongs on the line before", at)
        elif char == "=" and not self._open:
            self._assigned = True
        self._begun = self._begun or not char.isspace()
        self._out.append(char)
        return at + 1

    def _close(self, at: int) -> bool:
        if not self._open or self._open[-1][0] != _CLOSERS[self._text[at]]:
            return False
        _, opened = self._open.pop()
        if not self._open and not self._assigned and self._keep is not None:
            head = re.match(r"\s*([\w-]+)", "".join(self._out)[self._statement :])
            if head and head[1] not in self._keep:
                self._out = ["".join(self._out)[: opened + 1].ljust(at)]
                for position in [each for each in self._literals if opened < each < at]:
                    del self._literals[position]
        return True

    def _newline(self, at: int) -> str:
        if not self._open:
            self._statement, self._assigned = at + 1, False
        self._begun = False
        # Between brackets and parentheses a line's end is a space like any other.
        return " " if self._open and self._open[-1][0] != "{" else "\n"

    def _blank(self, start: int, end: int) -> int:
        self._out.append(" " * (end - start))
        return end

    def _literal(self, start: int, end: int, literal: Literal) -> int:
        self._begun = True
        # cty, Terraform's values, keeps texts in this form.
        text = unicodedata.normalize("NFC", literal.text)
        self._literals[start] = Literal(text, literal.evaluated)
        self._out.append(f'"{"s" * (end - start - 2)}"')
        return end

    def _comment_end(self, at: int) -> int:
        end = self._text.find("*/", at + 2)
        if end < 0:
            raise self._refuse("the comment is not closed", at)
        return end + 2

    def _quoted(self, start: int) -> tuple[int, Literal]:
        text, at = self._text, start + 1
        parts: list[str] = []
        evaluated = False
        while at < len(text):
            char = text[at]
            if char == '"':
                cooked = (part[1:] if isinstance(part, _Escaped) else part for part in parts)
                return at + 1, Literal("".join(parts if evaluated else cooked), evaluated)
            if char == "\n":
                break
            if char == "\\":
                part, at = self._escape(at)
                parts.append(part)
            elif text.startswith(("$${", "%%{"), at):
                parts.append(_Escaped(text[at : at + 3]))
                at += 3
            elif text.startswith(("${", "%{"), at):
                end = self._interpolation(at)
                parts.append(text[at:end])
                at, evaluated = end, True
            else:
                parts.append(char)
                at += 1
        line = text.count("\n", 0, start) + 1
        raise self._refuse(f"line {line} has a quote that is not closed", start)

    def _escape(self, at: int) -> tuple[str, int]:
        if unicode := _UNICODE_ESCAPE.match(self._text, at):
            code = int(unicode[1] or unicode[2], 16)
            # Go has U+FFFD for what is no character.
            valid = code < 0x110000 and not 0xD800 <= code < 0xE000
            return chr(code) if valid else "\ufffd", unicode.end()
        letter = self._text[at + 1 : at + 2]
        if letter not in _SIMPLE_ESCAPES:
            raise self._refuse(
                f'escape \\{letter} is unknown; allowed \\n \\r \\t \\" \\\\ \\uNNNN', at
            )
        return _SIMPLE_ESCAPES[letter], at + 2

    def _interpolation(self, start: int) -> int:
        """Return the end of the `${...}` at `start`."""
        text, at, depth = self._text, start + 2, 1
        while at < len(text):
            char = text[at]
            if char == '"':
                at, _ = self._quoted(at)
                continue
            if text.startswith("/*", at):
                at = self._comment_end(at)
                continue
            depth += (char == "{") - (char == "}")
            at += 1
            if not depth:
                return at
        raise self._refuse(f"{text[start : start + 2]!r} is not closed", start)

    def _heredoc(self, head: re.Match[str]) -> tuple[int, Literal]:
        text, at = self._text, head.end()
        lines: list[str] = []
        evaluated = False
        while True:
            end = text.find("\n", at)
            if end < 0:
                raise self._refuse(f"the heredoc has no line {head[2]} after it", head.start())
            if text[at:end].strip() == head[2]:
                while text[end - 1] == "\r":
                    end -= 1
                break
            position = at
            while position < end:
                if text.startswith(("$${", "%%{"), position):
                    position += 3
                elif text.startswith(("${", "%{"), position):
                    evaluated = True
                    position = self._interpolation(position)
                    if position > end:
                        end = text.find("\n", position)
                        end = len(text) - 1 if end < 0 else end
                else:
                    position += 1
            lines.append(text[at : end + 1])
            at = end + 1
        if head[1]:
            lines = _flushed(lines)
        body = "".join(lines)
        if not evaluated:
            body = body.replace("$${", "${").replace("%%{", "%{")
        return end, Literal(body, evaluated)


def _flushed(lines: list[str]) -> list[str]:
    """Take the smallest indentation off each line; blank lines neither count nor change."""
    written = [line for line in lines if line.strip()]
    margin = min((len(line) - len(line.lstrip()) for line in written), default=0)
    return [line[margin:] if line.strip() else line for line in lines]
