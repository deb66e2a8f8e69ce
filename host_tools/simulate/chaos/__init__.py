# SPDX-License-Identifier: MIT
"""Does the bridge ever tell the charger something untrue? Its own parts, on a simulated line in virtual time, with faults.

    devices.py     simulated units: registers, and what was true when; makers.py has those of some makers
    wire.py        the RS485 line between them and the bridge's master, to the byte
    faults.py      what goes wrong, and when: a list that a seed gives; faults_around.py, faults_of_units.py: the kinds
    clamp.py       a clamp's ADC and its faults
    sites.py       configurations: which devices, which of their values the charger hears
    bridge.py      the bridge's parts as a plan makes them
    http.py        sockets and clients without a network
    charger.py     the strict charger: what is wrong with an answer
    world.py       one run: a site, a seed, so many seconds
    shrinking.py   which of its faults a failing run needs
    __main__.py    make chaos: many runs, and the report

Nothing here shares code with lib/'s decoding, framing or freshness: an error in either shows.
"""
