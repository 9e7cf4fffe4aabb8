"""From an actor and a shot to a picture with its ground truth."""
