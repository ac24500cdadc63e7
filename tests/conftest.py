"""Fixtures every test may use. The servers come from tests/servers.py."""
