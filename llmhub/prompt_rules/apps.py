from django.apps import AppConfig


class PromptRulesConfig(AppConfig):
    name = "llmhub.prompt_rules"
    label = "prompt_rules"
    verbose_name = "Prompt rules"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from llmhub.core import version
        from llmhub.prompt_rules import snapshot
        from llmhub.prompt_rules.models import PromptRule

        version.watch(PromptRule)
        version.follow(snapshot.reload)
