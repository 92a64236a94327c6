"""Pages of accounts: coming in, the team, who looked, and what was done."""
