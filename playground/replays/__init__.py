"""Replays: recorded calls put to other models. What would it have cost, how fast, how good?"""
