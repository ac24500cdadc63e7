"""Attacks of our own, in many disguises, with their honest twins: how far the judge can be talked round."""
