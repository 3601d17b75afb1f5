"""Requests and answers in each provider's documented format, and a server that replays them."""
