"""How much a request weighs where it is widest: bounded, so that whatever is accepted arrives.

A request's detail is JSON, and on its way JSON within JSON; each time its quotes and backslashes
are escaped once more, and what is no ASCII was escaped at first:

- *once*, in the event (EventBridge takes 256 KB an entry [1]_) and, within its small envelope, in
  the build's variable OPERATION (Linux takes 128 KiB of an environment variable, its name
  included: MAX_ARG_STRLEN, execve(2));
- *twice*, as a string in the execution's input (a state takes 262,144 bytes [2]_);
- *thrice*, in the cause of a failed build, which holds the build with its variables as JSON [3]_,
  and is put beside the input: this is where a request is widest.

So twice and thrice together must stay below a state's size, less what surrounds them there: the
envelope, the ids and the rest of the build, some kilobytes for which 22,144 bytes are kept. Each
escaping makes it longer, so once is less than half of that: 120,000 bytes fit both an entry and a
variable.

A tenant whose rows are accepted must still be updated and offboarded. An update carries the rows
as they are and, as parameters, what they become: both are bounded. And jobs add to the rows.

===================  =========  ====================================================
rows, as callers     100,000    `ROWS_LIMIT`
rows, with jobs'     120,000    `ROWS_WITH_OUTPUT_LIMIT`: what jobs give back has room
a whole request      240,000    `REQUEST_LIMIT` > 120,000 rows + 100,000 parameters
===================  =========  ====================================================

For common text (one character in seven is a quote) 100,000 is about 38 KB of plain JSON.

.. [1] https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
.. [2] https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
.. [3] https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

REQUEST_LIMIT: Final = 262_144 - 22_144
ROWS_WITH_OUTPUT_LIMIT: Final = 120_000
ROWS_LIMIT: Final = 100_000


def weight(detail: Mapping[str, Any]) -> int:
    r"""Return how many bytes a request's detail takes where it is widest.

    Examples
    --------
    >>> weight({"a": 1})
    30
    """
    once = json.dumps(detail, separators=(",", ":"), default=str)
    twice = json.dumps(once)
    return len(twice) + len(json.dumps(twice))
