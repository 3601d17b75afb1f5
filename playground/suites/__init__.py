"""Suites: prompts × models with assertions, run as jobs, their runs kept and compared."""
