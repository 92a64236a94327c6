from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "plugseller.accounts"
    label = "accounts"
    verbose_name = "People and sellers"
