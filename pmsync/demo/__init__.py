"""The demo: real servers, two tenants, three people, and mail that keeps arriving.

Nothing in production imports this package, and nothing here is needed outside `make demo` and the
tests. `correspondence` is pure; `mail_store` and `mail_server` are the demo's own provider; `seed`
is the only part that knows Django.
"""
