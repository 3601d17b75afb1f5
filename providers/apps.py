from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    name = "providers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from llmhub.core import version
        from providers import checks, registry
        from providers.models import Credential, Deployment, ModelMap

        version.watch(Credential, ModelMap, Deployment)
        version.follow(registry.reload)
        version.follow(checks.reload)
        autodiscover_modules("llm_providers")  # apps with provider classes, see providers.custom
