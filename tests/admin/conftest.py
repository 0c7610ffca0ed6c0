from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client, override_settings

Staff = Callable[..., Client]


@pytest.fixture(autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Making a user costs a third of a second otherwise."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture
def staff(db: None, client: Client) -> Staff:
    """A signed-in member of staff with exactly these permissions of ours."""

    def sign_in(*codenames: str) -> Client:
        user = User.objects.create_user("nadia", is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(codename__in=codenames, content_type__app_label="django_capi")
        )
        client.force_login(user)
        return client

    return sign_in
