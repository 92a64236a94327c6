"""Country stores go, to come back with their provenance: each sync begins with them."""

from django.db import migrations


def forget(apps, schema_editor):
    apps.get_model("marketplaces", "Market").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("marketplaces", "0003_order_lines_digest"),
    ]

    operations = [
        migrations.RunPython(forget, forget),
    ]
