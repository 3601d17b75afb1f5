import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("teams", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="PromptRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, unique=True)),
                (
                    "position",
                    models.PositiveIntegerField(default=10, help_text="Lower numbers come first."),
                ),
                ("enabled", models.BooleanField(default=True)),
                (
                    "match",
                    models.CharField(
                        choices=[
                            ("always", "Every prompt"),
                            ("keywords", "Prompts with one of these words"),
                            ("regex", "Prompts that match this expression"),
                        ],
                        default="keywords",
                        max_length=10,
                        verbose_name="if",
                    ),
                ),
                (
                    "where",
                    models.CharField(
                        choices=[
                            ("last", "The last message of the user"),
                            ("conversation", "The whole conversation"),
                        ],
                        default="last",
                        max_length=12,
                        verbose_name="looks at",
                    ),
                ),
                (
                    "pattern",
                    models.TextField(
                        blank=True,
                        help_text="Words and phrases, one on each line, or one expression in RE2's syntax (github.com/google/re2/wiki/Syntax). Small and capital letters are the same.",
                        verbose_name="words or expression",
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("route", "Route to another model"),
                            ("system_prompt", "Add a system prompt"),
                            ("search", "Switch search on"),
                            ("block", "Block the call"),
                            ("mask", "Mask personal data"),
                            ("compress", "Compress the prompt"),
                        ],
                        max_length=15,
                        verbose_name="then",
                    ),
                ),
                (
                    "model",
                    models.CharField(
                        blank=True,
                        help_text="The model to route to, also credential/model.",
                        max_length=330,
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        blank=True, help_text="The system prompt, or what a blocked caller is told."
                    ),
                ),
                (
                    "results",
                    models.PositiveSmallIntegerField(
                        default=5,
                        help_text="How many, from 1 to 20.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(20),
                        ],
                        verbose_name="search results",
                    ),
                ),
                (
                    "masks",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Each is replaced by a placeholder.",
                        verbose_name="what to mask",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        help_text="Whose calls it is for; empty means everybody's.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prompt_rules",
                        to="teams.team",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "pk"],
            },
        ),
    ]
