"""Work that nobody waits for."""

from django.db import models


class Lease(models.Model):
    """The right to do one piece of work, held by one worker at a time.

    `fence` grows with each taking. Whoever writes on a lease checks its own number in
    the writing transaction, so that a worker that slept too long writes nothing.
    """

    name = models.CharField(max_length=100, primary_key=True)
    holder = models.CharField(max_length=200, blank=True)
    fence = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
