"""Where our staff read and acknowledge policies, whatever their role."""

from django.contrib import admin
from django.urls import path

from compliance.governance.policies import views

urlpatterns = [
    path(
        "acknowledge/",
        admin.site.admin_view(views.acknowledge),
        name="acknowledge_policies",
    ),
]
