"""Settings, accounts, credentials and logs: the only readers of the environment."""
