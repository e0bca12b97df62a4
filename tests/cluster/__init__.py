"""Tests on a real cluster of emulated hosts."""
