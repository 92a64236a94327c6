"""Django's SQLite backend on SQLCipher: the whole file is AES-256 (ENC-2)."""
