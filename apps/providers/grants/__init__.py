"""Who lives by a consent, across companies: one that somebody else still lives by is not given back.

    holders        the public row of an account's consent, found by what stands for the person at the provider

A provider ends all that its user ever granted to this installation, whichever company asked for it. No address and no
name of the user is kept: a keyed digest tells that two are the same, and nothing else.
"""
