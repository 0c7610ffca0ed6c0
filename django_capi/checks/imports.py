"""Import a dotted path, or say why that fails."""

from __future__ import annotations

from django_capi.conf import imported_path


class PathError(Exception):
    """Its message names the missing module or name, and never repeats the message of the site's error."""


def imported(path: str) -> object:
    try:
        return imported_path(path)
    except ImportError as error:
        raise PathError(reason(path, error)) from error
    except Exception as error:  # importing runs the site's module, which may raise anything
        problem = f"importing it raised {type(error).__name__}"
        raise PathError(problem) from error


def reason(path: str, error: ImportError) -> str:
    module, dot, name = path.rpartition(".")
    if isinstance(error, ModuleNotFoundError):
        return f"there is no module {error.name!r}"
    if error.name:
        return f"its module imports a name that {error.name!r} does not have"
    # A value without a dot may be anything, even a token in the wrong line, so it is not shown.
    return f"the module {module!r} has no {name!r}" if dot else "a dotted path looks like module.function"
