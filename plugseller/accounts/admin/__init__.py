"""The desk's pages about people, sellers and access, one file a subject."""

from django.contrib import admin

from plugseller.accounts.admin import audit, grants, people

__all__ = ["audit", "grants", "people"]

admin.site.site_header = admin.site.site_title = "Plug Seller: desk"
admin.site.index_title = "Desk"
