"""A measure may outlast its case, and an owner may read in the console what came back."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0009_policies_and_registers"),
    ]

    operations = [
        migrations.AddField(
            model_name="measure",
            name="kept_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="measure",
            name="kept_by",
            field=models.UUIDField(null=True),
        ),
        migrations.AlterField(
            model_name="sending",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Waiting for the mail server"),
                    ("accepted", "Accepted by the mail server"),
                    ("delivered", "Delivered, with evidence"),
                    ("bounced", "Came back"),
                    ("superseded", "Another way took its place"),
                    ("otherwise", "Sent otherwise, with proof"),
                    ("read", "Read in the console by an owner"),
                ],
                default="queued",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="sending",
            index=models.Index(
                condition=Q(state="bounced"), fields=["notice"], name="what_came_back"
            ),
        ),
    ]
