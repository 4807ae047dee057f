"""HCL text to Python values: the one place that knows python-hcl2.

Literals become Python values: strings without their quotes and escapes, numbers, booleans,
`None`, lists and dicts. Whatever needs Terraform to evaluate it stays a string in Terraform's
JSON form, `${...}`, with its exact source text inside, and is an `Expression`, so that a
literal that happens to hold `${` is told apart from one.

Stricter than Terraform in one point: a key given twice in one object is an error. Terraform keeps
the last one in silence, and a service would vanish from a manifest. The files of a module (`keep`)
are somebody else's, and there the last one is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from constructs_lib.errors import ConfigError
from constructs_lib.hcl.lexer import lex

__all__ = [
    "Block",
    "Call",
    "Document",
    "Expression",
    "HclSyntaxError",
    "Name",
    "load_file",
    "loads",
    "parse",
    "parse_call",
    "parse_file",
]

_WORD = re.compile(r"[\w-]+")


class HclSyntaxError(ConfigError):
    """The text is not HCL, or says something twice.

    Parameters
    ----------
    reason : str
    file : str
        Where the text is from, as given to the reading function.
    line, column : int
        From 1.
    """

    def __init__(self, reason: str, *, file: str, line: int, column: int) -> None:
        self.reason, self.file, self.line, self.column = reason, file, line, column
        super().__init__(f"{file}:{line}:{column}: {reason}")


class Expression(str):
    """Text that Terraform has to evaluate, as `${...}` or a template around it."""

    __slots__ = ()


class Name(str):
    """A bare word, such as the `string` in `list(string)`."""

    __slots__ = ()


@dataclass(frozen=True)
class Call:
    """A function call or type constructor, such as `list(string)`."""

    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Block:
    """One block of HCL: `type "label" "label" { attributes and blocks }`."""

    type: str
    labels: tuple[str, ...]
    attributes: dict[str, Any]
    blocks: tuple[Block, ...]
    line: int

    def as_dict(self) -> dict[str, Any]:
        return _body_as_dict(self.attributes, self.blocks)


@dataclass(frozen=True)
class Document:
    """A whole file: its attributes and blocks in the order written."""

    file: str
    attributes: dict[str, Any]
    blocks: tuple[Block, ...]

    def as_dict(self) -> dict[str, Any]:
        return _body_as_dict(self.attributes, self.blocks)


def load_file(path: str | Path) -> dict[str, Any]:
    """Read a file as `loads` does.

    Raises
    ------
    OSError
        If it cannot be opened.
    HclSyntaxError
        If it is not HCL, or not UTF-8.
    """
    return parse_file(path).as_dict()


def loads(text: str, *, file: str = "<text>") -> dict[str, Any]:
    """Read HCL text into a dict.

    Returns
    -------
    dict
        Attributes by name. Blocks by type: a list with one entry for each block, which holds
        its body under its labels.

    Raises
    ------
    HclSyntaxError
        With file, line and column.

    Examples
    --------
    >>> loads('zones = ["a", "b"]  # two')
    {'zones': ['a', 'b']}
    >>> loads('name = "x-${var.id}"')
    {'name': 'x-${var.id}'}
    >>> loads('variable "id" { type = string }')
    {'variable': [{'id': {'type': '${string}'}}]}
    """
    return parse(text, file=file).as_dict()


def parse_file(path: str | Path, *, keep: frozenset[str] | None = None) -> Document:
    """Read a file as `parse` does; raises as `load_file` does."""
    data = Path(path).read_bytes()
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise HclSyntaxError(
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            file=str(path),
            line=line,
            column=column,
        ) from error
    return parse(text, file=str(path), keep=keep)


def parse(text: str, *, file: str = "<text>", keep: frozenset[str] | None = None) -> Document:
    """Read HCL text, keeping the order and the lines of its blocks; raises as `loads` does.

    Of blocks at the top whose type is not in `keep`, only that they are there is read.
    """
    return Document(file, *_Reader(text, file, keep=keep).parse())


def parse_call(text: str, *, file: str = "<text>") -> Any:
    """Read one expression as nested `Call` and `Name`, as types of variables are written.

    Examples
    --------
    >>> parse_call("map(object({ size = optional(number, 1) }))")
    Call(name='map', arguments=(Call(name='object', arguments=({'size': \
Call(name='optional', arguments=('number', 1))},)),))
    """
    return _Reader(f"value = {text}", file, calls=True).parse()[0]["value"]


def _body_as_dict(attributes: dict[str, Any], blocks: tuple[Block, ...]) -> dict[str, Any]:
    result = dict(attributes)
    for block in blocks:
        content: Any = block.as_dict()
        for label in reversed(block.labels):
            content = {label: content}
        result.setdefault(block.type, []).append(content)
    return result


class _Reader:
    """Turns python-hcl2's syntax tree into values, with positions in the source."""

    def __init__(
        self, source: str, file: str, *, keep: frozenset[str] | None = None, calls: bool = False
    ) -> None:
        self._source, self._file, self._calls = source, file, calls
        self._strict = keep is None
        self._lexed = lex(source, self._error_at, keep=keep)

    def parse(self) -> tuple[dict[str, Any], tuple[Block, ...]]:
        # python-hcl2 and its grammar take 0.15 s to load, which is nobody's cost who reads no HCL.
        import hcl2  # noqa: PLC0415
        from lark.exceptions import UnexpectedInput  # noqa: PLC0415

        try:
            # Its grammar wants a last line that ends.
            tree = hcl2.parses_to_tree(f"{self._lexed.structure}\n")
        except UnexpectedInput as error:
            position = getattr(error, "pos_in_stream", None)
            position = len(self._source) if position is None else position
            raise self._error_at(self._reason(position), position) from error
        return self.body(tree.children[0])

    def _reason(self, position: int) -> str:
        rest = self._lexed.structure[position:]
        if not rest:
            return "unexpected end of file"
        line = rest.split("\n", 1)[0].strip()
        if not line:
            return "unexpected end of line"
        found = self._source[position:].lstrip(" \t").splitlines()[0]
        word = _WORD.match(found)
        return f"unexpected {word[0] if word else found[:1]!r}"

    def body(self, node: Any) -> tuple[dict[str, Any], tuple[Block, ...]]:
        attributes: dict[str, Any] = {}
        lines: dict[str, int] = {}
        blocks = []
        ended: int | None = None
        for child in _meaningful(node):
            ended = self._separated(child, ended, "\n", "a new line")
            if child.data == "block":
                blocks.append(self._block(child))
                continue
            name_node, value_node = _meaningful(child)
            name = self._text(name_node)
            self._refuse_twice(name, name_node, lines)
            attributes[name] = self.value(value_node)
        return attributes, tuple(blocks)

    def value(self, node: Any) -> Any:
        parts = _meaningful(node)
        result: Any = Expression(f"${{{self._text(node)}}}")
        match node.data:
            case "expr_term" if len(parts) == 1:
                result = self.value(parts[0])
            case "literal_value":
                result = {"true": True, "false": False, "null": None}[self._text(node)]
            case "int_lit" | "float_lit":
                result = _number(self._text(node))
            case "unary_op" if self._text(node).startswith("-"):
                operand = self.value(parts[-1])
                if isinstance(operand, int | float) and not isinstance(operand, bool):
                    result = -operand
            case "unary_op" if isinstance(operand := self.value(parts[-1]), bool):
                result = not operand
            case "string":
                literal = self._lexed.literals[next(_tokens(node)).start_pos]
                result = Expression(literal.text) if literal.evaluated else literal.text
            case "tuple":
                result = [self.value(part) for part in parts]
            case "object":
                result = self._object(parts)
            case "identifier" if self._calls:
                result = Name(self._text(node))
            case "function_call" if self._calls:
                arguments = _meaningful(parts[1]) if len(parts) > 1 else []
                result = Call(self._text(parts[0]), tuple(self.value(each) for each in arguments))
        return result

    def _block(self, node: Any) -> Block:
        *head, body = _meaningful(node)
        names = [self.value(part) if part.data == "string" else self._text(part) for part in head]
        attributes, blocks = self.body(body)
        return Block(names[0], tuple(names[1:]), attributes, blocks, self._line(node))

    def _object(self, elements: list[Any]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        lines: dict[str, int] = {}
        ended: int | None = None
        for element in elements:
            ended = self._separated(element, ended, "\n,", "a comma or a new line")
            key_node, value_node = _meaningful(element)
            text = self._text(key_node)
            if _WORD.fullmatch(text):
                key: str = text
            else:
                found = self.value(_meaningful(key_node)[0])
                key = found if isinstance(found, str) else Expression(f"${{{text}}}")
            if self._strict:
                self._refuse_twice(key, key_node, lines)
            result[key] = self.value(value_node)
        return result

    def _separated(self, node: Any, ended: int | None, marks: str, wanted: str) -> int:
        """Refuse two neighbours on one line, which the grammar takes; return where `node` ends."""
        tokens = list(_tokens(node))
        start = tokens[0].start_pos
        if ended is not None:
            between = self._lexed.structure[ended:start]
            if not any(mark in between for mark in marks):
                raise self._error_at(f"{wanted} is missing before it", start)
        return int(tokens[-1].end_pos)

    def _text(self, node: Any) -> str:
        """The source text of a node, without comments and newlines around it."""
        tokens = list(_tokens(node))
        if not tokens:
            return ""
        return self._source[tokens[0].start_pos : tokens[-1].end_pos]

    def _refuse_twice(self, name: str, node: Any, lines: dict[str, int]) -> None:
        if name in lines:
            raise self._error(f"{name!r} is given twice; the first is in line {lines[name]}", node)
        lines[name] = self._line(node)

    def _line(self, node: Any) -> int:
        return self._source.count("\n", 0, next(_tokens(node)).start_pos) + 1

    def _error(self, reason: str, node: Any) -> HclSyntaxError:
        return self._error_at(reason, next(_tokens(node)).start_pos)

    def _error_at(self, reason: str, position: int) -> HclSyntaxError:
        before = self._source[:position]
        column = position - before.rfind("\n")
        return HclSyntaxError(reason, file=self._file, line=before.count("\n") + 1, column=column)


def _meaningful(node: Any) -> list[Any]:
    """The children of a node that carry content: no punctuation, newlines or comments."""
    return [
        child
        for child in node.children
        if hasattr(child, "data") and child.data != "new_line_or_comment"
    ]


def _tokens(node: Any) -> Iterator[Any]:
    if not hasattr(node, "data"):
        if node.type != "NL_OR_COMMENT":
            yield node
        return
    for child in node.children:
        yield from _tokens(child)


def _number(text: str) -> int | float:
    """Terraform has one kind of number: `256.0` and `1e3` are whole."""
    exact = Decimal(text)
    return int(exact) if exact == exact.to_integral_value() else float(exact)
