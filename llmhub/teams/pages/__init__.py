"""The pages on which a team's people look after keys, members, budgets and the team itself."""
