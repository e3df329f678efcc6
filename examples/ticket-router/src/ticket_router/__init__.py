"""Sends support tickets to the team that can answer them."""
