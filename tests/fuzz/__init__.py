"""Bytes that nobody wrote, against laws that hold for all bytes."""
