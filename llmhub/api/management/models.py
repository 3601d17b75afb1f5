"""What the management API remembers: the answers to creations that may be repeated."""

from django.conf import settings
from django.db import models


class KeptCreation(models.Model):
    """What a request with an Idempotency-Key has made, so that repeating it makes nothing more.

    `answer` is what was answered, null if that held a secret: secrets are never kept.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    made = models.CharField(max_length=200, help_text="What it made, in words.")
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="one_creation_per_idempotency_key")
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.made}"
