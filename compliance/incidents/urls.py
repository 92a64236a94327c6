"""Addresses about incidents outside of the desk."""

from django.urls import path

from compliance.incidents import console, views

urlpatterns = [
    path("account/report", views.report, name="report_suspicion"),
    path(
        "s/<slug:slug>/notices/<uuid:notice_id>", console.notice, name="returned_notice"
    ),
]
