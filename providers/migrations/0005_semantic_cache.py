import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0004_base_url_of_any_host")]

    operations = [
        migrations.AddField(
            model_name="modelmap",
            name="cache_embedding_model",
            field=models.CharField(
                blank=True,
                help_text="With an embedding model, a kept answer also serves prompts that mean "
                "the same in other words.",
                max_length=330,
                verbose_name="embedding model for similar prompts",
            ),
        ),
        migrations.AddField(
            model_name="modelmap",
            name="cache_similarity",
            field=models.FloatField(
                default=0.95,
                help_text="How similar two prompts must be (cosine), from 0.5 to 1. What is right "
                "depends on the embedding model.",
                validators=[
                    django.core.validators.MinValueValidator(0.5),
                    django.core.validators.MaxValueValidator(1),
                ],
                verbose_name="least similarity",
            ),
        ),
    ]
