"""GOV-2: “All our personnel are required to follow these practices.”"""

from plugseller.shelves import CONTROLS


def test_a_control_looks_after_it() -> None:
    """What breaks it stands with what it looks at: tests/compliance/governance."""
    assert CONTROLS["gov-2.acknowledged"].promise == "GOV-2"
