"""What the parts of this room put on an incident's page: sections and verbs."""
