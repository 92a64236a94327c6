"""How the desk writes days and times; the console's pages say it themselves."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i e"
