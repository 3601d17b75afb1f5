"""Votes on answers, and the ratings that follow from them."""
