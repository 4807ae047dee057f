"""Finding providers on this machine."""

from __future__ import annotations

from pathlib import Path

from services.provisioning.terraform.mirror import (
    AWS_PROVIDER,
    candidates,
    cli_config,
    find_mirror,
    render,
)


def mirror(path: Path, file: str = "5.100.0/linux_amd64/terraform-provider-aws_v5.100.0") -> Path:
    binary = path / AWS_PROVIDER / file
    binary.parent.mkdir(parents=True)
    binary.touch()
    return path


def test_unpacked_and_packed_mirrors_are_found(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    packed = mirror(tmp_path / "packed", "terraform-provider-aws_5.100.0_linux_amd64.zip")
    assert find_mirror([tmp_path / "none", tmp_path / "empty", packed]) == packed
    unpacked = mirror(tmp_path / "unpacked")
    assert find_mirror([unpacked, packed]) == unpacked
    assert find_mirror([tmp_path / "empty"]) is None


def test_implied_directories_come_first() -> None:
    paths = [str(path) for path in candidates({"HOME": "/home/me"})]
    assert paths[1:5] == [
        "/home/me/.terraform.d/plugins",
        "/home/me/.local/share/terraform/plugins",
        "/usr/local/share/terraform/plugins",
        "/usr/share/terraform/plugins",
    ]


def test_configuration_names_the_mirror(tmp_path: Path) -> None:
    home = tmp_path / "home"
    mirror(home / ".terraform.d/plugins")
    path = cli_config(tmp_path / "work", environment={"HOME": str(home)})
    assert path.is_relative_to(tmp_path / "work/terraform")
    assert f'"{home}/.terraform.d/plugins"' in path.read_text()


def test_given_configuration_is_honoured_if_it_exists(tmp_path: Path) -> None:
    given = tmp_path / "mine.tfrc"
    environment = {"TF_CLI_CONFIG_FILE": str(given), "HOME": str(tmp_path)}
    assert cli_config(tmp_path, environment=environment) != given
    given.touch()
    assert cli_config(tmp_path, environment=environment) == given


def test_without_a_mirror_the_registry_serves() -> None:
    assert "direct {}" in render(None)
