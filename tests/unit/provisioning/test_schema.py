"""What is left of a provider's schema."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provisioning.terraform.schema import SchemaError, pruned, sources, types_in

NAMES = st.from_regex(r"aws_[a-z0-9_]{1,12}", fullmatch=True)
SCHEMAS = st.dictionaries(NAMES, st.binary(max_size=300), max_size=8)


def _number(value: int) -> bytes:
    written = b""
    while value > 0x7F:
        written += bytes([value & 0x7F | 0x80])
        value >>= 7
    return written + bytes([value])


def _field(number: int, payload: bytes) -> bytes:
    return _number(number << 3 | 2) + _number(len(payload)) + payload


def _entries(number: int, schemas: dict[str, bytes]) -> bytes:
    return b"".join(
        _field(number, _field(1, name.encode()) + _field(2, schema))
        for name, schema in schemas.items()
    )


@pytest.mark.many
@given(
    st.fixed_dictionaries(dict.fromkeys((2, 3, 8, 9), SCHEMAS)),
    st.dictionaries(st.text(max_size=8), st.binary(max_size=9), max_size=3),
    st.binary(max_size=200),
    st.sets(NAMES, max_size=4),
)
def test_only_types_that_are_not_in_use_are_left_out(
    schemas: dict[int, dict[str, bytes]],
    functions: dict[str, bytes],
    own: bytes,
    more: set[str],
) -> None:
    every = sorted({name for each in schemas.values() for name in each})
    used = {*every[::2], *more}

    def answer(kept: dict[int, dict[str, bytes]]) -> bytes:
        capable = _number(6 << 3 | 2) + _number(2) + b"\x08\x01"
        parts = [_field(1, own), *(_entries(number, each) for number, each in kept.items())]
        return b"".join([*parts, capable, _entries(7, functions)])

    left = {
        number: {name: schema for name, schema in each.items() if name in used}
        for number, each in schemas.items()
    }
    assert pruned(answer(schemas), used) == answer(left)
    assert pruned(answer(schemas), every) == answer(schemas)


@pytest.mark.parametrize("junk", [b"\x12\x05ab", b"\xff" * 12, b"\x0b", b"\x12"])
def test_what_is_no_answer_is_said_to_be_none(junk: bytes) -> None:
    with pytest.raises(SchemaError):
        pruned(junk, ())


def test_types_are_found_wherever_terraform_reads_them(tmp_path: Path) -> None:
    module, root, data = tmp_path / "module", tmp_path / "root", tmp_path / "data"
    for directory in (module / "assets/called", root, data / "modules/published"):
        directory.mkdir(parents=True)
    (module / "cdk.tf.json").write_text('{"resource": {"aws_lb": {}}, "data": {"aws_ami": {}}}')
    (module / "assets/called/main.tf").write_text('resource "aws_kms_key" "own" {}')
    (module / "assets/function.py").write_text("aws_no_type = 1")
    for each in module.iterdir():
        (root / each.name).symlink_to(each)
    (root / "adopted.tf.json").write_text('{"import": [{"to": "aws_iam_role.own"}]}')
    (data / "modules/published/main.tf").write_text("removed { from = aws_sqs_queue.old }")
    assert types_in(sources(root, data)) == {
        "aws_lb", "aws_ami", "aws_kms_key", "aws_iam_role", "aws_sqs_queue"
    }  # fmt: skip


def test_types_of_a_state_are_in_use() -> None:
    state = b'{"resources": [{"type": "aws_efs_file_system", "name": "old"}]}'
    assert types_in([state]) == {"aws_efs_file_system"}
