"""How long OpenSVC takes, as ratios to something else that is measured in the same run."""
