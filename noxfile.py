"""The matrix of Python and Django, and the other checks, each in an environment of its own: `nox -l` lists them."""

from __future__ import annotations

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["tests", "lint", "docs", "build"]
nox.options.reuse_existing_virtualenvs = True

PYTHONS = ("3.11", "3.12", "3.13")
DJANGOS = ("5.2", "6.0", "6.1")
OLDEST_PYTHON = {"5.2": "3.11", "6.0": "3.12", "6.1": "3.12"}  # of each Django
CELLS = [(python, django) for django in DJANGOS for python in PYTHONS if python >= OLDEST_PYTHON[django]]


def install(session: nox.Session, *groups: str, more: tuple[str, ...] = ()) -> None:
    session.install("--upgrade", "pip>=25.1")  # the first that knows dependency groups
    chosen = (argument for group in groups for argument in ("--group", group))
    session.install("--editable", ".", *chosen, *more)


@nox.session
@nox.parametrize("python,django", CELLS)
def tests(session: nox.Session, django: str) -> None:
    """The suite in one cell of the matrix. What kills processes for minutes runs in `.ci/run` only."""
    install(session, "test", more=(f"django~={django}.0",))
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python="3.13")
def lint(session: nox.Session) -> None:
    """Style, types, the order of imports, and whether the models have their migrations."""
    install(session, "test", "lint", more=("django>=6.1",))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy", "django_capi", "example_project", "tests", "benchmarks")
    session.run("lint-imports")
    session.env["DATABASE_URL"] = "sqlite://:memory:"
    session.run("python", "manage.py", "makemigrations", "--check", "--dry-run")


@nox.session(python="3.13")
def docs(session: nox.Session) -> None:
    """The site, where a dead link is an error."""
    session.install("--upgrade", "pip>=25.1")
    session.install("--group", "docs")
    session.run("sphinx-build", "-q", "-W", "-n", "--keep-going", "docs", "docs/_build")


@nox.session(python="3.11")
def coverage(session: nox.Session) -> None:
    """Coverage of branches, which must not fall; see `fail_under`."""
    install(session, "coverage")
    session.run("python", "-m", "pytest", "--cov", "--cov-fail-under=0")
    long = ("--long", "--ignore=tests/failures", "--ignore=tests/story")
    session.run("python", "-m", "pytest", *long, "--cov", "--cov-append", *session.posargs)


@nox.session(python="3.13", venv_backend="none")
def build(session: nox.Session) -> None:
    """The distributions, tried in a new project."""
    session.run(".ci/wheel", external=True)
