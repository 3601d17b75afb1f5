"""The management API under /api/v1: what a team's people do in the pages, for their scripts.

`api.py` assembles it. django-ninja is imported by the urls alone; the wires never need it.
"""
