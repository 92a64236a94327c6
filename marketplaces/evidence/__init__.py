"""What controls measure on this floor; figures come out, never a value."""
