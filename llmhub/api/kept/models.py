"""A kept response. A conversation is the chain of responses with the same root."""

from django.db import models

from llmhub.teams.models import Team


class KeptResponse(models.Model):
    """One response. Its id is the call's."""

    id = models.UUIDField(primary_key=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    root_id = models.UUIDField(db_index=True)
    previous_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    input = models.JSONField()
    response = models.JSONField()

    def __str__(self) -> str:
        return f"resp_{self.id.hex}"
