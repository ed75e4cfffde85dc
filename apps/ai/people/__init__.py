"""Whom a person cares about, as their mail shows it."""
