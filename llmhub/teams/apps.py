from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "llmhub.teams"
    label = "teams"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth import get_user_model

        from llmhub.core import version
        from llmhub.teams import allowances, callers
        from llmhub.teams.models import Budget, Membership, Team, VirtualKey

        version.watch(Team, Membership, VirtualKey, Budget, get_user_model())
        version.follow(callers.reload)
        version.follow(allowances.reload)
