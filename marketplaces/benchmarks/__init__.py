"""How fast the main path is, beside the least it could cost.

Nothing here is part of the service; `manage.py benchmark` starts it. Each measure runs
in a process of its own (`child`), on a data folder and a database of its own.
"""
