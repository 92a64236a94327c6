"""The pack's address on the desk; before the desk's own, which know it not."""

from django.contrib import admin
from django.urls import path

from compliance.pack import desk

urlpatterns = [
    path("", admin.site.admin_view(desk.pack_for_period), name="evidence_pack"),
]
