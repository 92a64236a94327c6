"""Addresses about incidents for everybody who is signed in."""

from django.urls import path

from compliance.incidents import views

urlpatterns = [path("account/report", views.report, name="report_suspicion")]
