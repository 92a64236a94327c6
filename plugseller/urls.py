"""The map of the site; upper floors by string only."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from plugseller.accounts.views.entrance import to_the_sign_in

urlpatterns = [
    path("", include("plugseller.accounts.urls")),
    path("", include("marketplaces.console.urls")),
    path("admin/login/", to_the_sign_in),  # one page takes passwords, and it isn't this
    path(  # nor does a second one change them
        "admin/password_change/",
        RedirectView.as_view(pattern_name="account_change_password"),
    ),
    path("admin/", admin.site.urls),
]
