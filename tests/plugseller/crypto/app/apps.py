from django.apps import AppConfig


class CryptoExamples(AppConfig):
    name = "tests.plugseller.crypto.app"
    label = "crypto_examples"
