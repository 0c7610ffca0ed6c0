"""A shop made with django-oscar from PyPI, whose only code is what docs/how-to/oscar.md prints.

It has an environment of its own:

    python3 -m venv .venv-oscar
    .venv-oscar/bin/pip install -e '.[ip,bots]' 'django-oscar==4.*' playwright pytest pytest-django
    .venv-oscar/bin/python -m pytest tests/oscar --ds=tests.oscar.settings
"""

from __future__ import annotations
