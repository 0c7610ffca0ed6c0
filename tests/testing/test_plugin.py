"""The pytest plugin, in projects of its own."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGE = next((ROOT / "docs").rglob("testing.md")).read_text(encoding="utf-8")
IS_INSTALLED = bool(entry_points(group="pytest11", name="django_capi"))  # not in a checkout that was installed before
NOT_NEEDED = [f"-pno:{name}" for name in ("cacheprovider", "faker", "hypothesispytest", "xdist")]
URLS = """
    from django.urls import include, path
    from tests.site import views

    urlpatterns = [
        path("products/tea/", views.product), path("lead/", views.lead), path("capi/", include("django_capi.urls"))
    ]
"""
PAID_ORDER = """
    import pytest
    from tests.site.models import Order

    @pytest.fixture
    def paid_order(client, capi_events):
        return Order.objects.create(status=Order.PAID, total=20, email="ann@example.com")
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with the test site's settings and three addresses."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "project_settings")
    monkeypatch.setenv("DATABASE_URL", "sqlite://:memory:")
    pytester.makepyfile(urls=URLS, project_settings='from tests.settings import *\n\nROOT_URLCONF = "urls"')
    pytester.makeini("[pytest]\npythonpath = .\naddopts = --nomigrations")
    return pytester


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    loaded = () if IS_INSTALLED else ("-p", "django_capi.pytest_plugin")
    return pytester.runpytest_subprocess(*loaded, *NOT_NEEDED, *options, timeout=120)


def snippets(text: str) -> list[str]:
    return [found for found in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "def test_" in found]


def test_the_snippet_in_the_readme_passes_as_printed(project: pytest.Pytester) -> None:
    [snippet] = snippets(README)
    project.makepyfile(test_snippet=snippet)

    run(project).assert_outcomes(passed=1)


def test_the_snippets_on_the_page_about_testing_pass_as_printed(project: pytest.Pytester) -> None:
    found = snippets(PAGE)
    project.makeconftest(PAID_ORDER)
    project.makepyfile(**{f"test_snippet_{number}": snippet for number, snippet in enumerate(found)})

    run(project).assert_outcomes(passed=sum(snippet.count("def test_") for snippet in found))


def test_every_test_starts_with_no_events_and_an_empty_outbox(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from django_capi.testing import deliver_now, outbox, reasons
        from django_capi.tracking import track

        @pytest.mark.parametrize("number", range(2))
        def test_with_the_fixture(client, capi_events, number):
            assert (capi_events.names, outbox) == ([], [])
            client.post("/lead/")
            deliver_now()
            assert (capi_events.names, len(outbox)) == (["Lead"], 1)

        @pytest.mark.django_db
        @pytest.mark.parametrize("number", range(2))
        def test_without_the_fixture(client, number):
            assert outbox == []
            assert not reasons.clients
            client.get("/products/tea/")
            track("Lead", consent=True, user_data={"em": "ann@example.com"})
            deliver_now()
            assert len(outbox) == 1
        """
    )

    run(project).assert_outcomes(passed=4)


def test_the_agent_of_a_client_that_has_one_is_kept(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from django.test import Client

        @pytest.fixture
        def client():
            return Client(headers={"user-agent": "curl/8"})

        def test_it(client, capi_events):
            client.get("/products/tea/")
            assert capi_events.names == []
        """
    )

    run(project).assert_outcomes(passed=1)


def test_a_failure_says_that_the_client_has_no_agent(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from django_capi.testing import assert_tracked

        @pytest.mark.django_db
        def test_it(client):
            client.get("/products/tea/")
            assert_tracked("ViewContent")
        """
    )

    result = run(project)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*/products/tea/: no page events for a program: no User-Agent.*"])


def test_a_project_without_django_is_left_alone(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    pytester.makepyfile("def test_it():\n    import sys\n    assert 'django_capi.models' not in sys.modules")

    run(pytester, "-p", "no:django", "-W", "error").assert_outcomes(passed=1)


def test_the_package_names_the_plugin() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert '[project.entry-points.pytest11]\ndjango_capi = "django_capi.pytest_plugin"' in project
