"""Keep the emulator's state on disk while it runs, so that a kill loses nothing that matters.

The emulator saves on a graceful stop only. Here each service that changed is saved

- before the answer to a write to S3, DynamoDB or CodeBuild leaves: such an answer is a promise,
  most of all to Terraform, whose state and lock live there, and to whoever waits for a build's end.
  Whatever else changed before is saved with it, so a Terraform state on disk never names resources
  that the disk does not know;
- otherwise a moment after the change, many changes at once;
- on a timer, since the emulator's own threads change things as well.

Writes of DynamoDB items go to a journal: a table may hold many.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from services.local_aws.server.journal import Entry, Journal

_log = logging.getLogger("services.local_aws")

_ATTEMPTS = 20

# An answer of these is given only after what it says is on disk.
_DURABLE = frozenset({"s3", "dynamodb", "codebuild"})

_JOURNALED = "dynamodb"
_JOURNALED_OPERATIONS = frozenset(
    {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}
)
# A journal is given up for a saved state once it is longer than this and than that state.
_JOURNAL_BYTES = 1_000_000

_READ_VERBS = (
    "BatchGet",
    "Check",
    "Describe",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Query",
    "Scan",
    "Search",
    "Select",
    "Simulate",
)

Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Any]]


def is_read(method: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether a request to an AWS API only reads.

    Parameters
    ----------
    method : str
        The HTTP method: what says it for REST APIs.
    headers : dict of str to str
        Lower-cased; `x-amz-target` names the operation of JSON APIs.
    body : bytes
        Holds `Action=` for query APIs.
    """
    operation = _operation(headers)
    if not operation and method == "POST":
        for pair in body.split(b"&", 40):
            if pair.startswith(b"Action="):
                operation = pair[len(b"Action=") :].decode("ascii", "replace")
                break
    if operation:
        return operation.startswith(_READ_VERBS)
    return method in ("GET", "HEAD", "OPTIONS")


def _operation(headers: dict[str, str]) -> str:
    return headers.get("x-amz-target", "").rpartition(".")[2]


class StateKeeper:
    """Saves changed services of the emulator.

    Parameters
    ----------
    directory : Path
        One `<service>.json` each, in the emulator's own format, replaced atomically.
    debounce_seconds : float, default 0.3
        How long changes are collected before they are saved together.
    sweep_seconds : float, default 5
        How often every service is looked at after requests came in.
    """

    def __init__(
        self, directory: Path, *, debounce_seconds: float = 0.3, sweep_seconds: float = 5.0
    ) -> None:
        self._directory = directory
        self._debounce_seconds = debounce_seconds
        self._sweep_seconds = sweep_seconds
        self._changed: set[str] = set()
        self._requested = False
        self._wake = asyncio.Event()
        self._saving = asyncio.Lock()
        self._digests: dict[str, bytes] = {}
        self._journal = Journal(directory, _JOURNALED)
        self._emulator: Any = None

    def watch(self, emulator: Any) -> None:
        """Notice every change that a request makes, restore what was saved, and save at the end.

        Parameters
        ----------
        emulator : module
            `ministack.app`, before it serves.
        """
        self._emulator = emulator
        keys = {module: key for key, module in emulator._state_map.items()}
        for service, config in emulator.SERVICE_REGISTRY.items():
            module = config["module"]
            modules = (module, *config.get("sub_modules", ()))
            handler = emulator.SERVICE_HANDLERS[service]
            if module == _JOURNALED:
                restore = emulator._load_persisted_state
                emulator._load_persisted_state = self._then_replay(restore, handler)
                handler = self._journaling(handler)
            emulator.SERVICE_HANDLERS[service] = self._noticing(
                handler, {keys[name] for name in modules}, durable=module in _DURABLE
            )
        # The emulator's own last save knows no journal, whose entries would then count twice.
        emulator.save_all = lambda sources: None

    async def run(self) -> None:
        """Save changes until cancelled."""
        loop = asyncio.get_running_loop()
        swept = loop.time()
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), self._sweep_seconds)
            except TimeoutError:
                pass
            else:
                await asyncio.sleep(self._debounce_seconds)
                self._wake.clear()
            try:
                await self.flush()
                if self._requested and loop.time() - swept >= self._sweep_seconds:
                    self._requested = False
                    swept = loop.time()
                    await self._sweep()
            except Exception:
                _log.exception("the state cannot be saved")

    async def flush(self) -> None:
        """Save what changed; return when it is on disk."""
        async with self._saving:
            if self._changed:
                changed, self._changed = self._changed, set()
                await self._write(changed)

    async def close(self) -> None:
        """Save everything."""
        for key in self._sources():
            async with self._saving:
                await self._write([key])

    def _journaling(self, handler: Handler) -> Handler:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> Any:
            answer = await handler(method, path, headers, body, query)
            if _operation(headers) in _JOURNALED_OPERATIONS and answer[0] < 400:
                responses = sys.modules["ministack.core.responses"]
                self._journal.append(
                    Entry(
                        account=responses.get_account_id(),
                        region=responses.get_region(),
                        target=headers["x-amz-target"],
                        body=body.decode(),
                    )
                )
            return answer

        return handle

    def _then_replay(self, restore: Callable[[], None], handler: Handler) -> Callable[[], None]:
        def restore_and_replay() -> None:
            restore()
            responses = sys.modules["ministack.core.responses"]
            count = 0
            for entry in self._journal.entries(self._journaled_from()):
                with responses.request_scope(entry.account, entry.region):
                    headers = {"x-amz-target": entry.target}
                    _run_at_once(handler("POST", "/", headers, entry.body.encode(), {}))
                count += 1
            if count:
                _log.info("%s: %d changes since the last save", _JOURNALED, count)

        return restore_and_replay

    def _journaled_from(self) -> int:
        """Return the number of the first journal that the saved state does not contain."""
        try:
            content = json.loads((self._directory / f"{_JOURNALED}.json").read_bytes())
        except FileNotFoundError:
            return 0
        return int(content.get("journal", 0))

    def _noticing(self, handler: Handler, keys: set[str], *, durable: bool) -> Handler:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> Any:
            self._requested = True
            if is_read(method, headers, body):
                return await handler(method, path, headers, body, query)
            try:
                return await handler(method, path, headers, body, query)
            finally:
                if not (_JOURNALED in keys and _operation(headers) in _JOURNALED_OPERATIONS):
                    self._changed |= keys
                if durable:
                    await self.flush()
                else:
                    self._wake.set()

        return handle

    def _sources(self) -> dict[str, Callable[[], Any]]:
        sources: dict[str, Callable[[], Any]] = self._emulator._build_persistence_save_dict()
        return sources

    async def _sweep(self) -> None:
        """Save every service; one at a time, so that no answer waits for all of them."""
        for key in self._sources():
            if key == _JOURNALED and not self._journal_is_long():
                continue
            async with self._saving:
                await self._write([key])

    def _journal_is_long(self) -> bool:
        state = self._directory / f"{_JOURNALED}.json"
        saved = state.stat().st_size if state.exists() else 0
        return self._journal.size() > max(_JOURNAL_BYTES, saved)

    async def _write(self, keys: Iterable[str]) -> None:
        sources = self._sources()
        for key in sorted(keys):
            if key in sources:
                await self._write_one(key, sources[key])

    async def _write_one(self, key: str, get_state: Callable[[], Any]) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            # In this order, with nothing awaited in between: see the journal.
            journal = self._journal.begin() if key == _JOURNALED else None
            try:
                state = get_state()
                if state is not None:
                    await asyncio.to_thread(self._replace, key, state, journal)
            except RuntimeError as error:
                # A thread of the emulator added an entry meanwhile; the next attempt sees it whole.
                if attempt == _ATTEMPTS:
                    raise
                _log.debug("saving %s again: %s", key, error)
            else:
                return

    def _replace(self, key: str, state: Any, journal: int | None) -> None:
        persistence = sys.modules["ministack.core.persistence"]
        envelope = {
            "__ministack_format__": persistence._state_format_version(key),
            "payload": state,
        }
        if journal is not None:
            envelope["journal"] = journal
        content = json.dumps(envelope, default=persistence._json_default).encode()
        digest = hashlib.blake2b(content, digest_size=16).digest()
        if self._digests.get(key) == digest:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        draft = self._directory / f"{key}.json.draft"
        draft.write_bytes(content)
        draft.replace(self._directory / f"{key}.json")
        self._digests[key] = digest
        if journal is not None:
            self._journal.drop_before(journal)


def _run_at_once(handling: Awaitable[Any]) -> None:
    """Run a handler that waits for nothing, before there is a loop to wait in."""
    steps = handling.__await__()
    try:
        next(steps)
    except StopIteration:
        return
    raise RuntimeError("the journaled service waits while it handles a request")
