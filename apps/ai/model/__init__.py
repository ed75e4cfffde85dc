"""Access to the language model: what may be asked, what it cost, and what was asked and answered."""
