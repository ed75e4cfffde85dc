"""The daily report, and alerts of follow-ups whose time is up. See README.md."""
