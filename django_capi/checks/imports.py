"""A dotted path comes in; the object behind it goes out, or the reason why it cannot be had."""

from __future__ import annotations

from django_capi.conf import imported_path


class PathError(Exception):
    """The text says which module or name is missing, never what an error of the site's own said."""


def imported(path: str) -> object:
    try:
        return imported_path(path)
    except ImportError as error:
        raise PathError(reason(path, error)) from error
    except Exception as error:  # importing runs the site's own module, and that may raise anything
        problem = f"importing it raised {type(error).__name__}"
        raise PathError(problem) from error


def reason(path: str, error: ImportError) -> str:
    module, dot, name = path.rpartition(".")
    if isinstance(error, ModuleNotFoundError):
        return f"there is no module {error.name!r}"
    if error.name:
        return f"its module asks {error.name!r} for something that is not there"
    # Without a dot it may be anything, a token put into the wrong line too: do not show it.
    return f"the module {module!r} has no {name!r}" if dot else "a dotted path looks like module.function"
