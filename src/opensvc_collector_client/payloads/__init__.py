"""What a collector is told, as pure functions from the model to calls with their fields."""
