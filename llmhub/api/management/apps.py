from django.apps import AppConfig


class ManagementConfig(AppConfig):
    name = "llmhub.api.management"
    label = "management"
    default_auto_field = "django.db.models.BigAutoField"
