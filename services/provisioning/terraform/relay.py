"""A process between Terraform and its provider, which leaves of the schema only what is in use.

Every call passes as the bytes that it is, but for the answer to GetProviderSchema. It is a process
of its own, because it has to live as long as the Terraform that uses it: that completes what it has
begun when the run which started it is killed.

::

    python -m services.provisioning.terraform.relay DIRECTORY <PIPE

    DIRECTORY/relay       the socket that Terraform calls
    DIRECTORY/upstream    the provider's address, as soon as it is known
    DIRECTORY/types       the types in use, as JSON; `null` lets every schema pass
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from services.provisioning.terraform.schema import SchemaError, pruned

if TYPE_CHECKING:
    import grpc

SOCKET: Final = "relay"
UPSTREAM: Final = "upstream"
TYPES: Final = "types"

# Protocol 5 and 6: https://github.com/hashicorp/terraform/tree/v1.11.4/docs/plugin-protocol
_SCHEMA: Final = frozenset(
    {"/tfplugin5.Provider/GetSchema", "/tfplugin6.Provider/GetProviderSchema"}
)
_STREAMED: Final = ("/InvokeAction", "/ListResource", "/ReadStateBytes", "/WriteStateBytes")
_RELAYED: Final = ("/tfplugin5.", "/tfplugin6.", "/grpc.health.v1.Health/")
# Terraform works on ten resources at once unless told otherwise, and may ask to stop meanwhile.
_THREADS: Final = 64
_WAIT_SECONDS: Final = 60.0
_OPTIONS: Final = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


class Relay:
    """Answers Terraform with what the provider answers.

    Parameters
    ----------
    directory : Path
        Where the sockets' names and the types in use are written.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._schema: bytes | None = None
        self._asking = threading.Lock()

    @cached_property
    def _channel(self) -> grpc.Channel:
        import grpc  # noqa: PLC0415 - only this process loads it

        deadline = time.monotonic() + _WAIT_SECONDS
        upstream = self._directory / UPSTREAM
        while not upstream.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"no provider within {_WAIT_SECONDS:.0f} s")
            time.sleep(0.01)
        return grpc.insecure_channel(f"unix:{upstream.read_text()}", options=_OPTIONS)

    def answer(self, method: str, request: Any, context: grpc.ServicerContext) -> bytes:
        """Return what the provider answers to a call, or end it as the provider does."""
        with self._ended_alike(context) as channel:
            if method in _SCHEMA:
                return self._pruned_schema(channel, method, request)
            call: Callable[..., bytes] = channel.unary_unary(method)
            return call(request)

    def stream(
        self, method: str, requests: Iterator[Any], context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        """Pass on messages of a call that has several, in either direction."""
        with self._ended_alike(context) as channel:
            yield from channel.stream_stream(method)(requests)

    @contextlib.contextmanager
    def _ended_alike(self, context: grpc.ServicerContext) -> Iterator[grpc.Channel]:
        import grpc  # noqa: PLC0415

        try:
            with self._asking:  # the first call makes the channel
                channel = self._channel
            yield channel
        except grpc.RpcError as error:
            context.abort(error.code(), error.details() or "")

    def _pruned_schema(self, channel: grpc.Channel, method: str, request: Any) -> bytes:
        with self._asking:  # once for each provider process
            if self._schema is None:
                self._schema = channel.unary_unary(method)(request)
        types: Collection[str] | None = json.loads((self._directory / TYPES).read_text())
        if types is None:
            return self._schema
        try:
            return pruned(self._schema, types)
        except SchemaError:
            return self._schema


def serve(directory: Path) -> grpc.Server:
    """Serve on the socket in `directory`; it is there when it can be called."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    import grpc  # noqa: PLC0415

    relay = Relay(directory)

    class Every(grpc.GenericRpcHandler):
        """All methods of a provider; none of the side services, which Terraform can do without."""

        def service(
            self, details: grpc.HandlerCallDetails
        ) -> grpc.RpcMethodHandler[Any, bytes] | None:
            method = details.method
            if not method.startswith(_RELAYED):
                return None
            if method.endswith(_STREAMED):
                return grpc.stream_stream_rpc_method_handler(
                    lambda requests, context: relay.stream(method, requests, context)
                )
            return grpc.unary_unary_rpc_method_handler(
                lambda request, context: relay.answer(method, request, context)
            )

    server = grpc.server(ThreadPoolExecutor(_THREADS), handlers=[Every()], options=_OPTIONS)
    unnamed = directory / f".{SOCKET}"
    server.add_insecure_port(f"unix:{unnamed}")
    server.start()
    unnamed.rename(directory / SOCKET)
    return server


def main() -> None:
    """Serve until standard input ends: its other end is open in whoever needs the relay."""
    server = serve(Path(sys.argv[1]))
    sys.stdin.buffer.read()
    server.stop(None)
    os._exit(0)  # a call that waits for the provider would be waited for


if __name__ == "__main__":
    main()
