"""Cloud Pub/Sub: topics, subscriptions, and the methods that reach them."""
