from django.apps import AppConfig


class LLMHubConfig(AppConfig):
    name = "llmhub"
    verbose_name = "LLM Hub"

    def ready(self) -> None:
        from llmhub import checks, logs  # noqa: F401  (checks register themselves)

        logs.configure()
