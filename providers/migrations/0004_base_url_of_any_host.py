from django.db import migrations, models

import providers.models


class Migration(migrations.Migration):
    dependencies = [
        ("providers", "0003_credential_check"),
    ]

    operations = [
        migrations.AlterField(
            model_name="credential",
            name="base_url",
            field=models.CharField(
                blank=True, max_length=500, validators=[providers.models.address]
            ),
        ),
    ]
