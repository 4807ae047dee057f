"""Lays out an image: a Dockerfile's instructions, carried out in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from services.local_aws.images.bases import base
from services.local_aws.images.commands import Running
from services.local_aws.images.context import Context
from services.local_aws.images.dockerfile import Dockerfile, Instruction, Stage, substituted
from services.local_aws.images.layer import Layer, Machine
from services.local_aws.images.tree import File, Tree

_EXECUTABLE = 0o100


def lay_out(
    root: Path, dockerfile: Path, arguments: Mapping[str, str], machine: Machine | None = None
) -> Layer:
    """Return the last stage of a Dockerfile, as a build would leave it.

    Parameters
    ----------
    root : Path
        The project, which is the build's context.
    arguments : mapping of str to str
        Build arguments.
    machine : Machine, optional
        What is linked in place of downloads.

    Raises
    ------
    DockerfileError
        If something cannot be laid out here, with its file and line.
    """
    read = Dockerfile.read(dockerfile)
    context = Context(root)
    machine = machine or Machine()
    stages: dict[str, Layer] = {}
    layer = Layer()
    for stage in read.stages:
        layer = _Building(context, machine, arguments, stages).stage(stage)
        stages[stage.name] = layer
    return layer


class _Building:
    """One stage that is being built."""

    def __init__(
        self,
        context: Context,
        machine: Machine,
        arguments: Mapping[str, str],
        stages: Mapping[str, Layer],
    ) -> None:
        self._context = context
        self._machine = machine
        self._arguments = arguments
        self._stages = stages
        self._layer = Layer()

    def stage(self, stage: Stage) -> Layer:
        if before := self._stages.get(stage.base):
            self._layer = before.begun_from()
        else:
            begun = stage.begun or Instruction("FROM", stage.base, "")
            self._layer = base(stage.base, self._machine, begun)
        for instruction in stage.instructions:
            self._carry_out(instruction)
        return self._layer

    def _carry_out(self, each: Instruction) -> None:
        layer = self._layer
        match each.name:
            case "ARG":
                self._take_argument(each)
            case "ENV":
                layer.environment |= each.assignments(layer.known)
            case "WORKDIR":
                layer.directory = layer.place(substituted(each.value, layer.known))
            case "COPY":
                self._copy(each)
            case "RUN":
                Running(each, layer, self._context, self._machine).run()
            case "USER":
                layer.user = each.value
            case "EXPOSE":
                layer.ports += each.value.split()
            case "ENTRYPOINT":
                layer.entrypoint, layer.command = each.exec_form(), ()
            case "CMD":
                layer.command = each.exec_form()
            case "HEALTHCHECK":
                layer.health = _health(each)

    def _take_argument(self, each: Instruction) -> None:
        name, has_default, default = each.value.partition("=")
        if name not in self._arguments and not has_default:
            raise each.fail(f"{name}: no such build argument was given")
        self._layer.arguments[name] = self._arguments.get(name, default)

    def _copy(self, each: Instruction) -> None:
        words = substituted(each.value, self._layer.known).split()
        options = [word for word in words if word.startswith("--")]
        *sources, target = [word for word in words if not word.startswith("--")]
        if any(not option.startswith("--from=") for option in options):
            raise each.fail(f"got {' '.join(options)}; allowed here --from=")
        stage = options[0].partition("=")[2] if options else None
        if stage is not None and stage not in self._stages:
            raise each.fail(f"got --from={stage}; allowed an earlier stage")
        into = target.endswith("/") or len(sources) > 1
        for source in sources:
            found = self._from(source, self._stages[stage].tree if stage is not None else None)
            if not found.entries:
                hint = ": run `make synth`" if source.startswith("cdktf.out") else ""
                raise each.fail(f"{source}: there is nothing that builds may see{hint}")
            place = self._layer.place(target)
            for path, entry in found.entries.items():
                is_file = path == PurePosixPath()
                name = PurePosixPath(source).name if is_file and into else path
                self._layer.tree.put(place / name, entry)

    def _from(self, source: str, tree: Tree | None) -> Tree:
        if tree is not None:
            return Tree(dict(tree.below(PurePosixPath(source))))
        found = Tree()
        for path, file in self._context.files(source):
            executable = bool(file.stat().st_mode & _EXECUTABLE)
            found.put(path, File(file.read_bytes(), executable))
        return found


def _health(each: Instruction) -> tuple[str, ...]:
    _, found, command = each.value.partition("CMD ")
    if not found:
        raise each.fail(f"got {each.value}; allowed options, and CMD with a command")
    return Instruction(each.name, command.strip(), each.place).exec_form()
