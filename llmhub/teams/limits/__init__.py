"""Requests and tokens in a sliding window of 60 seconds, and calls under way at once.

A call is checked against all its scopes (its key, its team) in one go: either every scope lets it
through and counts it, or none does. Without Redis the windows are objects of this process
(`local`), with Redis they are shared by all (`shared`).
"""
