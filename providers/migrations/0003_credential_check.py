import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0002_cache_ttl")]

    operations = [
        migrations.CreateModel(
            name="CredentialCheck",
            fields=[
                (
                    "credential",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="last_check",
                        serialize=False,
                        to="providers.credential",
                    ),
                ),
                ("checked_at", models.DateTimeField()),
                ("outcome", models.CharField(max_length=10)),
                ("message", models.TextField(blank=True)),
                ("error_type", models.CharField(blank=True, max_length=40)),
                ("elapsed_ms", models.FloatField()),
                ("succeeded_at", models.DateTimeField(null=True)),
            ],
        ),
    ]
