"""Addresses for everybody, signed in or not."""

from django.urls import path

from compliance.public import views

urlpatterns = [
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
]
