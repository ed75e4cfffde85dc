"""Calendar: calendars, events with their series and exceptions, channels, and the methods that reach them."""
