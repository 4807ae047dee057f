"""`ecs-saas review`: plans of any number, from any CI, as one comment and one verdict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from services.cli.failures import failing_with_one
from services.cli.files import read_object
from services.cli.github_comment import PullRequest
from services.cli.options import taking
from services.cli.output import write_line
from services.provisioning.review.markdown import comment_of, whole_of
from services.provisioning.review.reading import plans
from services.provisioning.review.review import review_of
from services.provisioning.review.waivers import from_document, parsed

review_app = typer.Typer(rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True, kw_only=True)
class _Reviewed:
    """What is reviewed, and where to the review goes."""

    directory: Annotated[
        Path | None,
        typer.Option("--directory", help="The initialised root module of saved plans."),
    ] = None
    waive: Annotated[
        list[str] | None,
        typer.Option("--waive", help="POLICY[:ADDRESS]=REASON; may be given more than once."),
    ] = None
    waivers: Annotated[
        Path | None, typer.Option("--waivers", help="A JSON file of waivers with their reasons.")
    ] = None
    comment: Annotated[
        Path | None,
        typer.Option("--comment", help="Write the comment to a file, not to standard output."),
    ] = None
    out: Annotated[Path | None, typer.Option("--out", help="Write the whole review to a file.")] = (
        None
    )
    name: Annotated[
        str, typer.Option("--name", help="Which comment, where a pull request has several.")
    ] = "plans"
    github_comment: Annotated[
        bool,
        typer.Option(
            "--github-comment", help="Write the comment to the pull request, over the last one."
        ),
    ] = False
    whole_at: Annotated[
        str, typer.Option("--whole-at", help="Where readers find the whole, said if it is cut.")
    ] = ""


@review_app.command()
@taking(_Reviewed)
def review(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="PLAN...", help="Plan JSON, saved plans, folders of them, WORKSPACE=FILE."
        ),
    ],
    *,
    options: _Reviewed,
) -> None:
    """Review plans. Exit code 0: nothing to change, 2: changes, 1: refused, or any failure."""
    with failing_with_one():
        pull_request = PullRequest.of() if options.github_comment else None
        waivers = [parsed(each) for each in options.waive or ()]
        if options.waivers is not None:
            waivers += from_document(read_object(options.waivers), str(options.waivers))
        made = review_of(plans(names, options.directory), waivers)
        whole_at = options.whole_at or (f"in the file {options.out.name}" if options.out else "")
        text = comment_of(made, name=options.name, whole=whole_at)
        if options.out is not None:
            with options.out.open("w", encoding="utf-8", errors="replace") as file:
                file.writelines(whole_of(made, name=options.name))
        if options.comment is not None:
            options.comment.write_text(text, encoding="utf-8", errors="replace")
        elif pull_request is None:
            write_line(text.rstrip("\n"))
        if pull_request is not None:
            write_line(f"{made.verdict.value}: {pull_request.write(text)}")
    raise typer.Exit(made.verdict.exit_code)
