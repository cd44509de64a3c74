"""Every knob: a folder a configuration group."""
