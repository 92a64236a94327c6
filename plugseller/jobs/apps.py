from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "plugseller.jobs"
    label = "jobs"
    verbose_name = "Jobs"
