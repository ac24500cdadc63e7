"""Policies as one YAML or JSON document: read with the line of every value, checked, and written."""
