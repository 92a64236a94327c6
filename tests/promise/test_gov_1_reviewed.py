"""GOV-1: “We regularly review who has access, what the logs show, and whether our
controls work.”"""

from plugseller.shelves import CONTROLS


def test_a_control_looks_after_it() -> None:
    """What breaks it stands with what it looks at: tests/compliance/governance."""
    assert CONTROLS["gov-1.reviews"].promise == "GOV-1"
