"""Suppliers, for who looks at all of them once a year (GOV-1)."""

from collections.abc import Iterator

from compliance.governance.registers.models import Supplier
from compliance.packing import Period
from compliance.reviewing import Row, supplier_source


def suppliers(period: Period) -> Iterator[Row]:
    """Those that worked for us in the period and still do."""
    for one in Supplier.objects.filter(ended_at=None, added_at__lt=period.ends):
        late = one.review_at < period.ends
        yield Row(
            str(one.pk),
            one.name,
            {
                "reaches": one.reaches,
                "country": one.country,
                "assessed": one.assessed_on.isoformat(),
            },
            ("its assessment is overdue",) if late else (),
        )


supplier_source("suppliers", suppliers)
