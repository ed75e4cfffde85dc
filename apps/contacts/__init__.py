"""Address books and the people in them."""
