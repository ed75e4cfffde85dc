"""A whole company at once: one key of the company's own for the accounts of all its people.

    connecting     a key tried at the provider and kept, replaced, given up
    directory      who is there: read from the provider, newcomers offered, those who left suspended
    people         the people that an administrator chose, connected one after the other
    telling        what administrators are told, in `sentences`: one for each thing that is missing, with what to grant
    api, tasks     the HTTP face, and what runs behind it

 key ──read──▶ shape ──prove──▶ every scope tried ──▶ CompanyConnection, sealed ──▶ the directory is read
                                   │ refused: which scopes, in which console, for which client id
 choose ──▶ WANTED ──task──▶ person of the company (or invited) · token by the key ──▶ an account like any other
 daily ──▶ newcomers are offered · who left is suspended and told · who is back goes on

An account knows its company by `ProviderAccount.company`; everything below `tokens` treats it as any other.
"""
