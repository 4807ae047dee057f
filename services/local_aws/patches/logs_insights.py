"""CloudWatch Logs Insights: queries that sum up.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Stats.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ministack.core.responses import error_response_json
from ministack.services import cloudwatch_logs

from services.local_aws.patches.registry import patch, replace, symbol

Record = Mapping[str, Any]

_STATS: Final = re.compile(r"(?is)^stats\s+(?P<what>.+?)(?:\s+by\s+(?P<by>.+))?$")
_CALL: Final = re.compile(
    r"(?i)^(?P<name>count|sum|avg|min|max)\(\s*(?P<field>\*|@?[\w.]+)?\s*\)(?:\s+as\s+(?P<as>\w+))?$"
)
_BIN: Final = re.compile(r"(?i)^bin\(\s*(?P<count>\d+)\s*(?P<unit>[a-z]+)\s*\)$")
_FIELD: Final = re.compile(r"^@?[\w.]+$")
_LIMIT: Final = re.compile(r"(?i)^limit\s+\d+$")
_FILTER: Final = re.compile(r"(?i)^filter\b")
_SECONDS: Final = {
    name: seconds
    for names, seconds in (
        (("s", "sec", "second"), 1),
        (("m", "min", "minute"), 60),
        (("h", "hr", "hour"), 3_600),
        (("d", "day"), 86_400),
    )
    for name in names
}
_LINE: Final = "_line"
"""Where a record has its message as JSON, parsed once for all fields of a query."""
_MOST: Final = {3_600: 24}
"""How many of a unit, by its seconds, a bin may have; 60 of the others."""
_FUNCTIONS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "sum": sum,
    "avg": lambda numbers: sum(numbers) / len(numbers),
    "min": min,
    "max": max,
}
_KEPT: Final = 100
"""Queries whose results are kept, the latest; AWS keeps those of seven days."""


@patch
def sums_of_queries() -> None:
    """A query with `stats` is answered by sums: `count`, `sum`, `avg`, `min`, `max`, and by `bin`.

    Stock leaves the command out, and answers as many rows as there are lines.
    """
    queries = symbol(cloudwatch_logs, "_queries")
    split = symbol(cloudwatch_logs, "_split_insights_pipes")

    def make(original: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
        def start(data: dict[str, Any]) -> Any:
            stages = split(data.get("queryString", ""))
            summing = [stage for stage in stages if _STATS.match(stage)]
            if summing:
                try:
                    parsed = InsightsSummary.parse(stages)
                except ValueError as error:
                    return error_response_json("MalformedQueryException", str(error), 400)
            answer = original(data)
            if answer[0] == 200:
                if summing:
                    _sum_up(queries[json.loads(answer[2])["queryId"]], data, parsed)
                _forget_old(queries)
            return answer

        return start

    symbol(cloudwatch_logs, "_collect_query_records")
    symbol(cloudwatch_logs, "_insights_filter_predicates")
    symbol(cloudwatch_logs, "_resolve_query_log_groups")
    replace(cloudwatch_logs, "_start_query", make)


def _sum_up(query: dict[str, Any], data: dict[str, Any], summary: InsightsSummary) -> None:
    groups = cloudwatch_logs._resolve_query_log_groups(data)
    scanned = cloudwatch_logs._collect_query_records(groups, query["startTime"], query["endTime"])
    predicates = cloudwatch_logs._insights_filter_predicates(query["queryString"])
    found = [
        {**record, _LINE: _parsed(record["@message"])}
        for record in scanned
        if all(each(record) for each in predicates)
    ]
    limit = cloudwatch_logs._parse_insights_limit(query["queryString"], data.get("limit"))
    query["results"] = summary.rows(found)[:limit]
    query["statistics"]["recordsMatched"] = float(len(found))


def _forget_old(queries: Any) -> None:
    for query_id in list(queries)[:-_KEPT]:
        del queries[query_id]


@dataclass(frozen=True)
class _Column:
    """One aggregate."""

    name: str
    function: str
    field: str

    def value(self, records: Sequence[Record]) -> str | None:
        """Return what the function makes of a group; None if the group has nothing of it."""
        if self.function == "count":
            if self.field == "*":
                return str(len(records))
            return str(sum(_field(each, self.field) is not None for each in records))
        numbers = [
            number for each in records if (number := _number(_field(each, self.field))) is not None
        ]
        if not numbers:
            return None
        return _text(_FUNCTIONS[self.function](numbers))


@dataclass(frozen=True)
class InsightsSummary:
    """What a `stats` command asks for.

    Attributes
    ----------
    columns : tuple
    by : tuple of str
        Fields, and bins as they are written.
    """

    columns: tuple[_Column, ...]
    by: tuple[str, ...]

    @classmethod
    def parse(cls, stages: Sequence[str]) -> InsightsSummary:
        """Return what the stages of a query ask for.

        Raises
        ------
        ValueError
            If they have anything but `filter`, one `stats` and `limit`.
        """
        others = [
            stage
            for stage in stages
            if not (_STATS.match(stage) or _LIMIT.match(stage) or _FILTER.match(stage))
        ]
        summing = [found for stage in stages if (found := _STATS.match(stage))]
        if others or len(summing) != 1:
            raise ValueError(
                f"with stats only filter and limit are known here: got {others or stages}"
            )
        (found,) = summing
        columns = tuple(map(_column, _listed(found["what"])))
        by = tuple(_listed(found["by"] or ""))
        for each in by:
            if not _FIELD.match(each) and _seconds(each) is None:
                raise ValueError(f"by {each}: allowed fields and bin(<count><unit>)")
        return cls(columns, by)

    def rows(self, records: Iterable[Record]) -> list[list[dict[str, str]]]:
        """Return the rows of the answer, the largest group first."""
        groups: dict[tuple[str | None, ...], list[Record]] = {}
        keys = [(each, _seconds(each)) for each in self.by]
        for record in records:
            groups.setdefault(tuple(_key(record, *each) for each in keys), []).append(record)
        rows = []
        for key, group in sorted(groups.items(), key=lambda each: -len(each[1])):
            cells = dict(zip(self.by, key, strict=True))
            cells |= {column.name: column.value(group) for column in self.columns}
            rows.append([{"field": n, "value": v} for n, v in cells.items() if v is not None])
        return rows


def _column(text: str) -> _Column:
    found = _CALL.match(text)
    if not found:
        raise ValueError(f"{text}: allowed count, sum, avg, min and max of one field")
    return _Column(found["as"] or text, found["name"].lower(), found["field"] or "*")


def _listed(text: str) -> list[str]:
    return [part.strip() for part in re.split(r",(?![^(]*\))", text) if part.strip()]


def _seconds(text: str) -> int | None:
    found = _BIN.match(text)
    if not found:
        return None
    unit = found["unit"].lower()
    size = _SECONDS.get(unit) or _SECONDS.get(unit.removesuffix("s"))
    # More than a unit may have is taken for the most, without a word.
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html
    return min(int(found["count"]), _MOST.get(size, 60)) * size if size else None


def _key(record: Record, by: str, seconds: int | None) -> str | None:
    if seconds is None:
        return _field(record, by)
    at = record["_timestamp_ms"] // 1000 // seconds * seconds
    return str(symbol(cloudwatch_logs, "_format_insights_timestamp")(at * 1000))


def _field(record: Record, name: str) -> str | None:
    """Return a field that was discovered in a JSON line; nested ones are joined by dots."""
    if name.startswith("@"):
        return record.get(name)
    value: Any = record[_LINE]
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value if isinstance(value, str) else json.dumps(value)


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _number(value: str | None) -> float | None:
    try:
        return float(value) if value is not None else None
    except ValueError:
        return None


def _text(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:.4f}".rstrip("0")
