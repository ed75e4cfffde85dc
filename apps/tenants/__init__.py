"""Tenants: who they are, how one is provisioned, opened and erased."""
