"""Lambda functions in Python, each with a role, a log group and traces of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cdktf import AssetType, Fn, TerraformAsset, Token
from cdktf_cdktf_provider_aws.lambda_event_source_mapping import (
    LambdaEventSourceMapping,
    LambdaEventSourceMappingDestinationConfig,
    LambdaEventSourceMappingDestinationConfigOnFailure,
    LambdaEventSourceMappingFilterCriteria,
    LambdaEventSourceMappingFilterCriteriaFilter,
)
from cdktf_cdktf_provider_aws.lambda_function import (
    LambdaFunction,
    LambdaFunctionDeadLetterConfig,
    LambdaFunctionEnvironment,
    LambdaFunctionLoggingConfig,
    LambdaFunctionTracingConfig,
)
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from constructs import Construct

from constructs_lib.errors import ConfigError
from constructs_lib.functions.failures import watch_failures
from constructs_lib.functions.package import RUNTIME, CodePackage
from constructs_lib.functions.queue import DeadLetterQueue
from constructs_lib.identity import Role, Statement, Trust
from constructs_lib.observability import AlarmTopic, LogGroup
from constructs_lib.sequences import takes_sequences


class FunctionCode(Construct):
    """One zip in the root module, from which one or several functions run.

    Parameters
    ----------
    package : CodePackage
        What is in it.

    Attributes
    ----------
    path : str
        Of the zip, relative to the root module.
    architecture : str
        As Lambda names it.
    """

    def __init__(self, scope: Construct, id_: str, *, package: CodePackage) -> None:
        super().__init__(scope, id_)
        app: Any = self.node.root
        archive = package.build(Path(app.outdir).absolute() / "functions")
        asset = TerraformAsset(
            self,
            "Asset",
            path=str(archive),
            # Of the content: cdktf's own digest would differ with the compression library.
            asset_hash=archive.parent.name,
            type=AssetType.FILE,
        )
        self.path: str = asset.path
        self.architecture = package.architecture.lambda_name


@takes_sequences
class PythonFunction(Construct):
    """A function that may do what its statements say, write its own log, and send traces.

    An alarm goes off when an invocation fails.

    Parameters
    ----------
    name : str
        The function's name; its role and log group follow from it. At most 59 characters.
    description : str
    code : FunctionCode
    handler : str
        `package.module.function`.
    topic : AlarmTopic
        Told of invocations that failed.
    statements : sequence of Statement, optional
        What it may do beside writing its log and its traces.
    environment : mapping of str to str, optional
    memory_mib : int, default 512
        Processor time is proportional to it.
    timeout_seconds : int, default 30
    refusals : sequence of str, optional
        Names of exceptions by which it answers, as an authorizer does. All are failures by default.
    failures : DeadLetterQueue, optional
        Keeps the events of asynchronous invocations that failed for good.
    reserved_concurrency : int, optional
        Of the account's concurrency, what only this function has, and its maximum. Shared with
        all other functions by default.
    log_retention_days : int, default 30

    Attributes
    ----------
    name, arn, invoke_arn : str
    role : Role
    resource : LambdaFunction

    Raises
    ------
    ConfigError
        If a value is outside what Lambda allows.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        code: FunctionCode,
        handler: str,
        topic: AlarmTopic,
        statements: Sequence[Statement] = (),
        environment: Mapping[str, str] | None = None,
        memory_mib: int = 512,
        timeout_seconds: int = 30,
        refusals: Sequence[str] = (),
        failures: DeadLetterQueue | None = None,
        reserved_concurrency: int | None = None,
        log_retention_days: int = 30,
    ) -> None:
        _check(name, memory_mib, timeout_seconds)
        super().__init__(scope, id_)
        logs = LogGroup(self, "logs", name=f"/aws/lambda/{name}", retention_days=log_retention_days)
        self.role = Role(
            self,
            "role",
            name=f"{name}-role",
            description=f"What the function {name} may do",
            trust=Trust(service="lambda.amazonaws.com"),
            statements=[
                Statement(
                    ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{logs.arn}:*"], sid="OwnLog"
                ),
                Statement(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], sid="Traces"),
                *(
                    [Statement(["sqs:SendMessage"], [failures.arn], sid="Failures")]
                    if failures
                    else []
                ),
                *statements,
            ],
        )
        self.resource = LambdaFunction(
            self,
            "Resource",
            function_name=name,
            description=description,
            role=self.role.arn,
            runtime=RUNTIME,
            architectures=[code.architecture],
            handler=handler,
            filename=code.path,
            source_code_hash=Token.as_string(Fn.filebase64sha256(code.path)),
            memory_size=memory_mib,
            timeout=timeout_seconds,
            environment=(
                LambdaFunctionEnvironment(variables=dict(environment)) if environment else None
            ),
            tracing_config=LambdaFunctionTracingConfig(mode="Active"),
            logging_config=LambdaFunctionLoggingConfig(log_format="JSON", log_group=logs.name),
            dead_letter_config=(
                LambdaFunctionDeadLetterConfig(target_arn=failures.arn) if failures else None
            ),
            reserved_concurrent_executions=reserved_concurrency,
            depends_on=self.role.ready,
        )
        self.name: str = self.resource.function_name
        self.arn: str = self.resource.arn
        self.invoke_arn: str = self.resource.invoke_arn
        watch_failures(self, name=name, logs=logs, refusals=refusals, topic=topic)

    def allow_invocation(self, id_: str, *, service: str, source_arn: str) -> None:
        """Let `source_arn`, a resource of an AWS service, invoke the function."""
        LambdaPermission(
            self,
            id_,
            statement_id=id_,
            action="lambda:InvokeFunction",
            function_name=self.name,
            principal=service,
            source_arn=source_arn,
        )

    def consume_stream(
        self, id_: str, *, stream_arn: str, failures: DeadLetterQueue, pattern: str | None = None
    ) -> None:
        """Feed the function with the records of a table's stream, in the order of each key.

        A batch that fails is halved until the bad record is alone; after ten attempts where it is
        goes to `failures`, and the stream goes on. The role needs the right to read the stream.

        Parameters
        ----------
        pattern : str, optional
            JSON that records must match to be delivered; all of them by default.
        """
        LambdaEventSourceMapping(
            self,
            id_,
            event_source_arn=stream_arn,
            function_name=self.arn,
            starting_position="TRIM_HORIZON",
            batch_size=100,
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=10,
            function_response_types=["ReportBatchItemFailures"],
            filter_criteria=(
                LambdaEventSourceMappingFilterCriteria(
                    filter=[LambdaEventSourceMappingFilterCriteriaFilter(pattern=pattern)]
                )
                if pattern
                else None
            ),
            destination_config=LambdaEventSourceMappingDestinationConfig(
                on_failure=LambdaEventSourceMappingDestinationConfigOnFailure(
                    destination_arn=failures.arn
                )
            ),
            depends_on=self.role.ready,
        )


def _check(name: str, memory_mib: int, timeout_seconds: int) -> None:
    problems = []
    if len(name) > 59:  # the role's name is 64 at most, and ends in -role
        problems.append(f"name: got {name!r}, {len(name)} characters; allowed 59")
    if not 128 <= memory_mib <= 10240:
        problems.append(f"memory_mib: got {memory_mib}; allowed 128..10240")
    if not 1 <= timeout_seconds <= 900:
        problems.append(f"timeout_seconds: got {timeout_seconds}; allowed 1..900")
    if problems:
        raise ConfigError(problems)
