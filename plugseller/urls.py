"""The map of the site; upper floors by string only."""

from django.contrib import admin
from django.urls import include, path

from plugseller.accounts.views.entrance import (
    completes_nothing,
    sign_out,
    to_the_password,
    to_the_sign_in,
)
from plugseller.accounts.views.health import healthz
from plugseller.custody.gate import readyz

urlpatterns = [
    path("readyz", readyz, name="readyz"),
    path("", include("plugseller.accounts.urls")),
    path("", include("marketplaces.console.urls")),
    path("api/v1/", include("marketplaces.api.urls")),
    path("", include("compliance.deletion.urls")),
    path("", include("compliance.public.urls")),
    path("", include("compliance.governance.reviews.urls")),
    path("", include("compliance.incidents.urls")),
    path("", include("compliance.questions.urls")),
    path("healthz", healthz, name="healthz"),
    # One page takes passwords, one changes them and one signs out: not the desk's own.
    path("admin/login/", to_the_sign_in, name="desk_sign_in"),
    path("admin/logout/", sign_out, name="desk_sign_out"),
    path("admin/password_change/", to_the_password, name="desk_password"),
    path("admin/autocomplete/", completes_nothing, name="desk_autocomplete"),
    path("admin/credentials/", include("compliance.credentials.urls")),
    path("admin/policies/", include("compliance.governance.policies.urls")),
    path("admin/evidence/", include("compliance.pack.urls")),
    path("admin/", admin.site.urls),
]

handler500 = "plugseller.audit.failclosed.server_error"
