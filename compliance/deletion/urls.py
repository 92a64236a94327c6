"""Addresses about deletion: of a seller, and of one's own account."""

from django.urls import include, path

from compliance.deletion import account_views, views

_of_seller = [
    path("", views.home, name="home"),
    path("times/<slug:rule>", views.shorter_time, name="shorter_time"),
    path("delete", views.delete, name="delete"),
    path("requests/<slug:reference>", views.one_request, name="request"),
    path("requests/<slug:reference>/withdraw", views.withdraw, name="withdraw"),
    path("requests/<slug:reference>/object", views.object_to, name="object"),
    path("requests/<slug:reference>/begin", views.begin_at_once, name="begin"),
    path(
        "requests/<slug:reference>/certificate", views.certificate, name="certificate"
    ),
    path(
        "requests/<slug:reference>/certificate.json",
        views.certificate_file,
        name="certificate_file",
    ),
]

urlpatterns = [
    path("s/<slug:slug>/privacy/", include((_of_seller, "privacy"))),
    path("account/delete", account_views.delete_account, name="delete_account"),
    path("account/deletions", account_views.own_deletions, name="own_deletions"),
    path(
        "account/deletions/<slug:reference>",
        account_views.own_deletion,
        name="own_deletion",
    ),
    path(
        "account/deletions/<slug:reference>/withdraw",
        account_views.own_withdraw,
        name="own_withdraw",
    ),
    path(
        "account/deletions/<slug:reference>/certificate",
        account_views.own_certificate,
        name="own_certificate",
    ),
    path(
        "account/deletions/<slug:reference>/certificate.json",
        account_views.own_certificate_file,
        name="own_certificate_file",
    ),
]
