"""The processes of the service and what they are made of."""
