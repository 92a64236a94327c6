"""A number is looked for within each of a seller's connections, by the index that keeps
it unique there. One index less to keep: each order written or erased touches a page of
it that no other order of the same time touches."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("marketplaces", "0010_paused_connections")]

    operations = [migrations.RemoveIndex(model_name="order", name="order_by_number")]
