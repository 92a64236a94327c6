"""A process that writes entries; it loads Django itself, so nothing here may before."""


def write_entries(database: str, worker: int, count: int) -> None:
    """Write entries into the test database of that name."""
    import django

    django.setup()
    from django.db import connection

    connection.settings_dict["NAME"] = database
    from plugseller.audit.services import record

    for turn in range(count):
        record("sync.run", details={"worker": worker, "turn": turn})
