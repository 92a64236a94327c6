"""What differs from Django's SQLite in memory."""

from django.db.backends.sqlite3 import features


class DatabaseFeatures(features.DatabaseFeatures):
    """The database is always a file, so tests may open it more than once."""

    test_db_allows_multiple_connections = True
