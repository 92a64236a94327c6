"""Addresses of reviews outside of the desk."""

from django.urls import path

from compliance.governance.reviews import own

urlpatterns = [
    path("s/<slug:slug>/review", own.review_access, name="review_access"),
    path("s/<slug:slug>/review/decide", own.decide_access, name="decide_access"),
]
