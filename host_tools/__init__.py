"""The PC side of the bridge: what runs on CPython and never on the board."""
