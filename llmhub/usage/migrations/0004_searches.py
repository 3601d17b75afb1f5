from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("usage", "0003_kept_answers")]

    operations = [
        migrations.AddField(
            model_name="requestlog",
            name="searches",
            field=models.PositiveSmallIntegerField(default=0),
        ),
    ]
