from django.apps import AppConfig


class KeptConfig(AppConfig):
    name = "llmhub.api.kept"
    label = "kept"
    verbose_name = "Kept responses"
