"""Who was "staff" gets a role of our staff; it opens the desk, and no seller's data."""

from django.db import migrations, models


def give_roles(apps, schema_editor):
    people = apps.get_model("accounts", "User").objects
    people.filter(is_staff=True).update(staff_role="operator")


def take_roles(apps, schema_editor):
    people = apps.get_model("accounts", "User").objects
    people.exclude(staff_role="").update(is_staff=True)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="staff_role",
            field=models.CharField(
                blank=True,
                choices=[
                    ("officer", "Compliance officer"),
                    ("support", "Support"),
                    ("operator", "Operator"),
                ],
                max_length=20,
                default="",
            ),
            preserve_default=False,
        ),
        migrations.RunPython(give_roles, take_roles),
    ]
