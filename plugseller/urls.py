"""The map of the site; upper floors by string only."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("plugseller.accounts.urls")),
    path("", include("marketplaces.console.urls")),
    path("admin/", admin.site.urls),
]
