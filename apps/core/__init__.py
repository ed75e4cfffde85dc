"""Crypto, ids, clock, HTTP errors, storage, metrics: no models of the product."""
