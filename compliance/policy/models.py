"""What controls found, and when: the evidence under every promise."""

from typing import Any, Never

from django.db import models

from plugseller.shelves import Verdict


class ResultsStay(TypeError):
    """Something tried to change what a control found."""

    def __init__(self) -> None:
        super().__init__("What a control found is only ever added. Run it again.")


class ResultQuerySet(models.QuerySet["ControlResult"]):
    """Adds results and finds them; retention removes them when their time is over."""

    def update(self, **kwargs: Any) -> Never:
        raise ResultsStay

    def delete(self) -> Never:
        raise ResultsStay

    def bulk_update(self, *args: Any, **kwargs: Any) -> Never:
        raise ResultsStay


class ControlResult(models.Model):
    """What one control found at one instant. Only ever inserted."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=60)  # the control's
    promise = models.CharField(max_length=10)
    verdict = models.CharField(
        max_length=4, choices=[(one.value, one.value) for one in Verdict]
    )
    sentence = models.CharField(max_length=300)  # for everybody: it is published
    evidence = models.JSONField(default=dict)  # figures, hashes, instants; no values
    at = models.DateTimeField()
    took = models.FloatField()  # seconds

    objects = ResultQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["name", "-id"], name="newest_of_a_control"),
            models.Index(fields=["name", "verdict", "at"], name="control_last_passed"),
            models.Index(fields=["at"], name="control_result_at"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.verdict}"

    @property
    def failed(self) -> bool:
        return self.verdict == Verdict.FAIL
