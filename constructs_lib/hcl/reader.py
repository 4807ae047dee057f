"""HCL text to Python values: the one place that knows python-hcl2.

Literals become Python values: strings without their quotes and escapes, numbers, booleans,
`None`, lists and dicts. Whatever needs Terraform to evaluate it stays a string in Terraform's
JSON form, `${...}`, with its exact source text inside, and is an `Expression`, so that a
literal that happens to hold `${` is told apart from one.

Stricter than Terraform in one point: a key given twice in one object is an error. Terraform
keeps the last one in silence, and a service would vanish from a manifest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from constructs_lib.errors import ConfigError

if TYPE_CHECKING:
    from lark import Token, Tree

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

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_SIMPLE_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_HEREDOC = re.compile(r"<<(?P<trim>-?)(?P<mark>[^\r\n]+)\r?\n(?P<body>.*)", re.DOTALL)
_TEMPLATE_MARK = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")
_UNESCAPED_QUOTE = re.compile(r'(?<!\\)"')


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


def parse_file(path: str | Path) -> Document:
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
    return parse(text, file=str(path))


def parse(text: str, *, file: str = "<text>") -> Document:
    """Read HCL text, keeping the order and the lines of its blocks; raises as `loads` does."""
    reader = _Reader(text, file)
    attributes, blocks = reader.body(_parse_tree(text, file).children[0])
    return Document(file, attributes, blocks)


def parse_call(text: str, *, file: str = "<text>") -> Any:
    """Read one expression as nested `Call` and `Name`, as types of variables are written.

    Examples
    --------
    >>> parse_call("map(object({ size = optional(number, 1) }))")
    Call(name='map', arguments=(Call(name='object', arguments=({'size': \
Call(name='optional', arguments=('number', 1))},)),))
    """
    source = f"value = {text}"
    tree = _parse_tree(source, file)
    return _Reader(source, file, calls=True).body(tree.children[0])[0]["value"]


def _body_as_dict(attributes: dict[str, Any], blocks: tuple[Block, ...]) -> dict[str, Any]:
    result = dict(attributes)
    for block in blocks:
        content: Any = block.as_dict()
        for label in reversed(block.labels):
            content = {label: content}
        result.setdefault(block.type, []).append(content)
    return result


def _parse_tree(text: str, file: str) -> Tree[Token]:
    # python-hcl2 and its grammar take 0.15 s to load, which is nobody's cost who reads no HCL.
    import hcl2  # noqa: PLC0415
    from lark.exceptions import UnexpectedInput  # noqa: PLC0415

    try:
        return hcl2.parses_to_tree(text)
    except UnexpectedInput as error:
        last = text.count("\n") + 1
        line = min(error.line, last) if error.line > 0 else last
        raise HclSyntaxError(
            _reason(error, text, line), file=file, line=line, column=max(error.column, 1)
        ) from error


def _reason(error: Exception, text: str, line: int) -> str:
    token = getattr(error, "token", None)
    found = str(token) if token is not None else getattr(error, "char", "")
    if token is not None and token.type == "$END":
        reason = "unexpected end of file"
    elif not found.split("\n", 1)[0].strip():
        reason = "unexpected end of line"
    else:
        reason = f"unexpected {found.splitlines()[0].strip()!r}"
    for number, content in enumerate(text.split("\n")[:line], 1):
        if len(_UNESCAPED_QUOTE.findall(content.split("#", 1)[0])) % 2:
            return f"{reason}; line {number} has a quote that is not closed"
    return reason


class _Reader:
    """Turns python-hcl2's syntax tree into values, with positions in the source."""

    def __init__(self, source: str, file: str, *, calls: bool = False) -> None:
        self._source, self._file, self._calls = source, file, calls

    def body(self, node: Any) -> tuple[dict[str, Any], tuple[Block, ...]]:
        attributes: dict[str, Any] = {}
        lines: dict[str, int] = {}
        blocks = []
        for child in _meaningful(node):
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
            case "int_lit":
                result = int(self._text(node))
            case "float_lit":
                result = float(self._text(node))
            case "unary_op" if self._text(node).startswith("-"):
                operand = self.value(parts[-1])
                if isinstance(operand, int | float) and not isinstance(operand, bool):
                    result = -operand
            case "string":
                result = self._template(parts)
            case "heredoc_template" | "heredoc_template_trim":
                result = self._heredoc(node)
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
        return Block(names[0], tuple(names[1:]), attributes, blocks, _line(node))

    def _object(self, elements: list[Any]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for element in elements:
            key_node, value_node = _meaningful(element)
            text = self._text(key_node)
            if text.startswith('"'):
                key = self.value(_meaningful(key_node)[0])
            else:
                key = text if re.fullmatch(r"[\w-]+", text) else Expression(f"${{{text}}}")
            self._refuse_twice(key, key_node, lines)
            result[key] = self.value(value_node)
        return result

    def _template(self, parts: list[Any]) -> str:
        texts, evaluated = [], False
        for part in parts:
            kind = part.children[0]
            text = self._text(part)
            if hasattr(kind, "data"):
                evaluated = True
                texts.append(text)
            elif kind.type == "STRING_CHARS":
                texts.append(self._unescape(text, part))
            else:
                texts.append(text)
        if evaluated:
            return Expression("".join(texts))
        return "".join(texts).replace("$${", "${").replace("%%{", "%{")

    def _unescape(self, text: str, node: Any) -> str:
        if "\n" in text:
            raise self._error("a quoted string ends on its line; it is not closed", node)

        def replacement(match: re.Match[str]) -> str:
            code = match[1]
            if len(code) > 1:
                return chr(int(code[1:], 16))
            if code not in _SIMPLE_ESCAPES:
                raise self._error(
                    f'escape \\{code} is unknown; allowed \\n \\r \\t \\" \\\\ \\uNNNN', node
                )
            return _SIMPLE_ESCAPES[code]

        return _ESCAPE.sub(replacement, text)

    def _heredoc(self, node: Any) -> str:
        match = _HEREDOC.match(self._text(node))
        if match is None:  # pragma: no cover - the grammar has matched the same pattern
            raise self._error("the heredoc cannot be read", node)
        lines = match["body"].rstrip("\r\n").split("\n")[:-1]
        if match["trim"]:
            indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
            margin = min(indents, default=0)
            lines = [line[margin:] for line in lines]
        text = "".join(f"{line}\n" for line in lines)
        if _TEMPLATE_MARK.search(text):
            return Expression(text)
        return text.replace("$${", "${").replace("%%{", "%{")

    def _text(self, node: Any) -> str:
        """The source text of a node, without comments and newlines around it."""
        tokens = list(_tokens(node))
        if not tokens:
            return ""
        return self._source[tokens[0].start_pos : tokens[-1].end_pos]

    def _refuse_twice(self, name: str, node: Any, lines: dict[str, int]) -> None:
        if name in lines:
            raise self._error(f"{name!r} is given twice; the first is in line {lines[name]}", node)
        lines[name] = _line(node)

    def _error(self, reason: str, node: Any) -> HclSyntaxError:
        token = next(_tokens(node))
        return HclSyntaxError(reason, file=self._file, line=token.line, column=token.column)


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


def _line(node: Any) -> int:
    return int(next(_tokens(node)).line)
