"""The map of the site; upper floors by string only."""

from django.contrib import admin
from django.urls import include, path

from plugseller.accounts.views.entrance import to_the_sign_in

urlpatterns = [
    path("", include("plugseller.accounts.urls")),
    path("", include("marketplaces.console.urls")),
    path("api/v1/", include("marketplaces.api.urls")),
    path("admin/login/", to_the_sign_in),  # one page takes passwords, and it isn't this
    path("admin/", admin.site.urls),
]
