from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "llmhub.core"
    label = "core"
    verbose_name = "Hub"
