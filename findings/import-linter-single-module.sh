#!/usr/bin/env bash
# import-linter: a program whose entry point is one file cannot be held to a layer.
#
# Version    import-linter 2.17 (PyPI)
# Source     its documentation on root packages; the message below
# Behaviour  `root_packages` takes folders with an `__init__.py` only. A `main.py` beside them, which
#            composes them all, can neither be a layer nor be forbidden to others; a package of the
#            same content can. It ends with exit code 1 before a contract is read.
# Seen       'main' is a module, not a package.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check import-linter==2.17
cd "$work"
mkdir shop
touch shop/__init__.py
echo "import shop" >main.py
contracts() {
    printf '[importlinter]\nroot_packages =\n    shop\n    %s\n' "$1"
    printf '[importlinter:contract:top]\nname = top\ntype = layers\nlayers =\n    %s\n    shop\n' "$1"
}
contracts main >one.ini
code=0
told=$(PYTHONPATH=. venv/bin/lint-imports --config one.ini --no-cache 2>&1) || code=$?
mkdir entry
cp main.py entry/__init__.py
contracts entry >two.ini
other=0
PYTHONPATH=. venv/bin/lint-imports --config two.ini --no-cache >/dev/null 2>&1 || other=$?
seen="file: exit $code, $(grep -o "'main' is a module, not a package" <<<"$told")
package: exit $other"
echo "$seen"
expected="file: exit 1, 'main' is a module, not a package
package: exit 0"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: import-linter 2.17 takes no single module as a root"
