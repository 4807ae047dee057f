"""When the local AWS saves what."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.local_aws.layout import Layout, Running
from services.local_aws.server.persistence import StateKeeper, is_read


@pytest.mark.parametrize(
    ("method", "target", "body", "read"),
    [
        ("GET", "", b"", True),
        ("HEAD", "", b"", True),
        ("PUT", "", b"", False),
        ("DELETE", "", b"", False),
        ("POST", "DynamoDB_20120810.GetItem", b"{}", True),
        ("POST", "DynamoDB_20120810.PutItem", b"{}", False),
        ("POST", "DynamoDB_20120810.TransactWriteItems", b"{}", False),
        ("POST", "", b"Action=DescribeVpcs&Version=2016-11-15", True),
        ("POST", "", b"Version=2016-11-15&Action=CreateVpc", False),
        ("POST", "", b"<Delete/>", False),
    ],
)
def test_is_read(method: str, target: str, body: bytes, read: bool) -> None:
    assert is_read(method, {"x-amz-target": target} if target else {}, body) is read


class _Emulator(SimpleNamespace):
    """What the keeper uses of the emulator: two services, one of them durable."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, int]] = {"dynamodb": {}, "ssm": {}}
        super().__init__(
            SERVICE_REGISTRY={name: {"module": name} for name in self.stored},
            SERVICE_HANDLERS={name: self._handler(name) for name in self.stored},
            _state_map={name: name for name in self.stored},
            _load_persisted_state=lambda: None,
        )

    def _handler(self, name: str) -> Any:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> tuple[int, dict[str, str], bytes]:
            if method == "PUT":
                self.stored[name][path] = 1
            elif body:
                self.stored[name][body.decode()] = 2
            return 200, {}, b""

        return handle

    def _build_persistence_save_dict(self) -> dict[str, Any]:
        return {name: (lambda name=name: dict(self.stored[name])) for name in self.stored}


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> _Emulator:
    persistence = SimpleNamespace(_state_format_version=lambda key: 2, _json_default=str)
    monkeypatch.setitem(sys.modules, "ministack.core.persistence", persistence)
    responses = SimpleNamespace(
        get_account_id=lambda: "123456789012",
        get_region=lambda: "us-east-1",
        request_scope=lambda account, region: nullcontext(),
    )
    monkeypatch.setitem(sys.modules, "ministack.core.responses", responses)
    return _Emulator()


def _saved(directory: Path, name: str) -> Any:
    path = directory / f"{name}.json"
    return json.loads(path.read_text())["payload"] if path.exists() else None


def _send(emulator: _Emulator, service: str, method: str) -> Any:
    return emulator.SERVICE_HANDLERS[service](method, "key", {}, b"", {})


def test_a_durable_answer_comes_after_everything_changed_is_saved(
    emulator: _Emulator, tmp_path: Path
) -> None:
    async def scenario() -> None:
        StateKeeper(tmp_path).watch(emulator)
        await _send(emulator, "ssm", "PUT")
        assert _saved(tmp_path, "ssm") is None
        await _send(emulator, "dynamodb", "PUT")
        assert _saved(tmp_path, "dynamodb") == {"key": 1}
        assert _saved(tmp_path, "ssm") == {"key": 1}

    asyncio.run(scenario())


def _put_item(emulator: _Emulator, item: bytes) -> Any:
    headers = {"x-amz-target": "DynamoDB_20120810.PutItem"}
    return emulator.SERVICE_HANDLERS["dynamodb"]("POST", "/", headers, item, {})


def test_items_are_journaled_and_restored_once(emulator: _Emulator, tmp_path: Path) -> None:
    async def before_the_kill() -> None:
        keeper = StateKeeper(tmp_path)
        keeper.watch(emulator)
        await _put_item(emulator, b"saved")
        await _send(emulator, "dynamodb", "PUT")
        await _put_item(emulator, b"journaled")

    asyncio.run(before_the_kill())
    assert _saved(tmp_path, "dynamodb") == {"saved": 2, "key": 1}

    again = _Emulator()
    StateKeeper(tmp_path).watch(again)
    again._load_persisted_state()
    assert again.stored["dynamodb"] == {"journaled": 2}  # the rest comes with the saved state


def test_reads_save_nothing(emulator: _Emulator, tmp_path: Path) -> None:
    async def scenario() -> None:
        StateKeeper(tmp_path).watch(emulator)
        await _send(emulator, "dynamodb", "GET")

    asyncio.run(scenario())
    assert list(tmp_path.iterdir()) == []


def test_other_changes_are_saved_moments_later(emulator: _Emulator, tmp_path: Path) -> None:
    async def scenario() -> None:
        keeper = StateKeeper(tmp_path, debounce_seconds=0.001)
        keeper.watch(emulator)
        running = asyncio.create_task(keeper.run())
        await _send(emulator, "ssm", "PUT")
        for _ in range(200):
            await asyncio.sleep(0.005)
            if _saved(tmp_path, "ssm"):
                break
        running.cancel()

    asyncio.run(scenario())
    assert _saved(tmp_path, "ssm") == {"key": 1}


def test_changes_no_request_made_are_swept_up(emulator: _Emulator, tmp_path: Path) -> None:
    async def scenario() -> None:
        keeper = StateKeeper(tmp_path, debounce_seconds=0.001, sweep_seconds=0.01)
        keeper.watch(emulator)
        await _send(emulator, "dynamodb", "GET")
        emulator.stored["ssm"]["background"] = 1
        running = asyncio.create_task(keeper.run())
        for _ in range(200):
            await asyncio.sleep(0.005)
            if _saved(tmp_path, "ssm"):
                break
        running.cancel()

    asyncio.run(scenario())
    assert _saved(tmp_path, "ssm") == {"background": 1}


def test_the_lock_not_the_file_says_that_it_runs(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.write_running(Running(pid=1, port=1, region="us-east-1"))
    assert layout.read_running() is None
    lock = layout.acquire()
    assert lock is not None
    with lock:
        assert layout.acquire() is None
        assert layout.read_running() == Running(pid=1, port=1, region="us-east-1")
    assert layout.read_running() is None
