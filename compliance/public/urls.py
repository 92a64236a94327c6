"""Addresses for everybody, signed in or not."""

from django.urls import path

from compliance.public import views

urlpatterns = [
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path("policy/data-deletion", views.data_deletion, name="data_deletion"),
    path("policy/certificates", views.certificate_check, name="certificate_check"),
    path(
        "policy/certificates/<slug:reference>",
        views.certificate_check,
        name="certificate_checked",
    ),
    path("policy/signing-keys.json", views.signing_keys, name="signing_keys"),
]
