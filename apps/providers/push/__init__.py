"""Being told of changes: what is subscribed to at the providers, their webhooks, and the life of subscriptions.

    routes         the public row of a subscription, the secret that its notifications know, and finding one by it
    upkeep         subscriptions made, renewed, replaced, compared with what the provider holds, ended
    rings          what happens when one is told: one request for a sync, and no more
    doubts         polls that found what no notification told of
    certificates   what Google signs its pushes with, fetched beforehand
    api            the three webhooks
    pulling        Pub/Sub without a webhook: the watcher fetches

A notification is never news. It says that somebody should look, and whoever looks asks the provider.
"""
