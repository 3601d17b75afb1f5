"""Responses of the Responses wire, kept so that a program can refer to them (30 days)."""
