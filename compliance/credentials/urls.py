"""The inventory's addresses on the desk; before the desk's own, which know them not."""

from django.contrib import admin
from django.urls import path

from compliance.credentials import views

urlpatterns = [
    path("", admin.site.admin_view(views.credential_list), name="credentials"),
    path(
        "<uuid:subject>/<slug:verb>/",
        admin.site.admin_view(views.credential_act),
        name="credential_act",
    ),
]
