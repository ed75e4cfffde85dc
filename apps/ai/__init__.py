"""Agents that read along: they classify, summarise, find, draft, answer and propose; they do nothing themselves."""
