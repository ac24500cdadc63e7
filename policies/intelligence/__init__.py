"""Threat intelligence without a database: what indicators are, how feeds are read, what they may not name. Pure."""
