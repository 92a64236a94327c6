"""A country store says where it is from, like every other row (SCOPE-1)."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_identity"),
        ("marketplaces", "0004_forget_markets"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="market",
            options={"default_manager_name": "unfenced", "default_permissions": ()},
        ),
        migrations.AlterModelManagers(
            name="market",
            managers=[("unfenced", django.db.models.manager.Manager())],
        ),
        # No defaults are needed: the table is empty.
        migrations.AddField("market", "as_of", models.DateTimeField(null=True)),
        migrations.AddField("market", "fetched_at", models.DateTimeField()),
        migrations.AddField("market", "operation", models.CharField(max_length=40)),
        migrations.AddField("market", "run_id", models.BigIntegerField()),
        migrations.AddField(
            "market",
            "seller",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.seller",
            ),
        ),
        migrations.AlterField(
            "market",
            "connection",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="markets",
                to="marketplaces.connection",
            ),
        ),
        migrations.AlterField(
            "market", "id", models.BigAutoField(primary_key=True, serialize=False)
        ),
        migrations.AddIndex(
            "market",
            models.Index(fields=["seller", "country"], name="market_by_country"),
        ),
    ]
