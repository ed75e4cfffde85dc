"""Private PostgreSQL and Valkey from PyPI wheels, for a machine that has no servers.

Their state lives under one folder (`PMSYNC_HOME`, by default `.pmsync`). Nothing here imports
Django: the servers are up, and their addresses known, before settings are read.
"""
