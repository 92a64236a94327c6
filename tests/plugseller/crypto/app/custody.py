"""These tables are made by single tests, so nothing counts them."""

from plugseller.custody.erasers import Kept, hold_table
from plugseller.shelves import DataClass
from tests.plugseller.crypto.app.models import Account, Person, Thing

for table in (Account, Person, Thing):
    hold_table(
        table,
        table.__name__,
        data_class=DataClass.OPERATIONAL,
        rule="machine",
        rank=0,
        store=Kept(lambda: 0),
        stays="A table of tests.",
    )
