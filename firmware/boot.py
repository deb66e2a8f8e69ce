"""First on the board: nothing here can fail, so main.py is always reached."""

import gc

# Collect before the heap is full: garbage must not make it grow into the RAM that Wi-Fi and lwIP need.
gc.threshold(8192)
