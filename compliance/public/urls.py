"""Addresses for everybody, signed in or not."""

from django.urls import path

from compliance.public import views
from compliance.public.policy_views import data_protection, security, what_we_fetch

urlpatterns = [
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path("policy/data-protection", data_protection, name="data_protection"),
    path("policy/what-we-fetch", what_we_fetch, name="what_we_fetch"),
    path("policy/security", security, name="security"),
    path("policy/data-deletion", views.data_deletion, name="data_deletion"),
    path("policy/certificates", views.certificate_check, name="certificate_check"),
    path(
        "policy/certificates/<slug:reference>",
        views.certificate_check,
        name="certificate_checked",
    ),
    path("policy/signing-keys.json", views.signing_keys, name="signing_keys"),
]
