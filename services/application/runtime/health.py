"""The health check of a container: `python -m services.application.runtime.health`."""

from __future__ import annotations

import http.client
import os
import sys

TIMEOUT_SECONDS = 3


def main() -> int:
    """Ask the service of this container; return 0 if it is well."""
    host = os.environ.get("BIND_HOST", "127.0.0.1")
    connection = http.client.HTTPConnection(host, int(os.environ["PORT"]), timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health")
        return 0 if connection.getresponse().status == 200 else 1
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    raise SystemExit(main())
