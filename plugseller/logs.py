"""How a log line looks: one line, whatever was in the message (no forged lines)."""

import logging


class OneLine(logging.Formatter):
    """Time, level, logger, message; control characters are written as escapes."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
