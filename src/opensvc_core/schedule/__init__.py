"""When jobs run: the grammar of schedules, and what follows from one. Pure: time and chance are handed in."""
