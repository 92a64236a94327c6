"""For gunicorn: `gunicorn plugseller.wsgi`.

Settings that would break a promise stop this start too, not only `manage.py`; so do
keys and an embedded database that can't be used.
"""

import os
import sys

from django.core.wsgi import get_wsgi_application

from plugseller.refusals import sentence_for

# gunicorn ends when a worker leaves with this status; it would restart any other.
_STAYS_DOWN = 3


def _start() -> object:
    application = get_wsgi_application()  # models can be imported after it only

    from plugseller.checks import refuse_bad_settings
    from plugseller.crypto.starting import refuse_unusable_store
    from plugseller.jobs.standin import stand_in_if_nobody_ticks

    refuse_bad_settings()
    refuse_unusable_store()
    stand_in_if_nobody_ticks()
    return application


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plugseller.settings")
try:
    application = _start()
except Exception as error:
    sentence = sentence_for(error)
    if sentence is None:
        raise
    sys.stderr.write(f"{sentence}\n")
    sys.exit(_STAYS_DOWN)
