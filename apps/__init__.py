"""The applications of PMSync; who may import whom is held by import-linter (pyproject.toml)."""
