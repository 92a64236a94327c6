"""ACC-3: “Credentials are rotated regularly, and revoked when they are no longer
needed.”"""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from plugseller.crypto.models import DataKey
from tests.conftest import Cast
from tests.promise.controls import fails, passes

pytestmark = pytest.mark.django_db
CONTROL = "acc-3.credentials"


def test_no_credential_is_too_old(cast: Cast) -> None:
    assert passes(CONTROL)


def test_a_key_older_than_a_year_breaks_it(cast: Cast) -> None:
    old = timezone.now() - settings.KEY_LIFE - timedelta(days=1)
    DataKey.objects.filter(owner=cast.north.pk).update(created_at=old)
    assert fails(CONTROL)
