from __future__ import annotations

import re
from doctest import DocTestParser, DocTestRunner

import pytest

from tests.meta.pages import DOCS, PAGES, TABLES, tables_in, with_tables


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_tables_of_the_code(name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf8")

    assert page == with_tables(page), "run python -m tests.meta.pages"


@pytest.mark.parametrize("name", PAGES)
def test_the_examples_of_a_page_run(name: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(encoding="utf8"), re.DOTALL)
    examples = DocTestParser().get_doctest("\n".join(blocks), {}, name, name, 0)

    result = DocTestRunner().run(examples)

    assert (result.failed, result.attempted > 0) == (0, True)


def test_every_table_is_on_a_page() -> None:
    shown = [table for name in PAGES for table in tables_in((DOCS / name).read_text(encoding="utf8"))]

    assert sorted(shown) == sorted(TABLES)
