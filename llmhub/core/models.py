"""What every app needs to keep: the trail of changes and the version of the configuration."""

from django.conf import settings
from django.db import models


class AuditEntry(models.Model):
    """One change of configuration or one use of an admin action, kept for good."""

    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    actor_label = models.CharField(max_length=200, help_text="Who it was, even after deletion.")
    action = models.CharField(max_length=60, db_index=True)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64, blank=True)
    object_label = models.CharField(max_length=200, blank=True)
    changes = models.JSONField(default=dict, blank=True)
    team_id = models.BigIntegerField(
        null=True, blank=True, db_index=True, help_text="Whose change it was, even after deletion."
    )

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.actor_label} {self.action} {self.object_type} {self.object_label}"


class ConfigVersion(models.Model):
    """A single row whose value moves with every change of configuration."""

    value = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.value)


class ServerProcess(models.Model):
    """A process that answers calls, so that what it left under way can be told after its death."""

    id = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
