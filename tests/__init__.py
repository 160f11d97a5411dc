"""Tests of the collection, and what they need."""
