# SPDX-License-Identifier: MIT
"""Which models a unit says that it is, by registers alone: quick, and little heap, since no profile is needed for it.

The recogniser knows more, and weighs values too; what names itself it finds here first.
"""

from recognition import identity


def named(unit, names, get):
    """(strong, weak): names of profiles whose registers the unit has; strong: seldom by chance. A generator of reads.

    get(name): {"models": SunSpec models of which one is needed, "identities": as recognition.identity has them}.
    """
    yield from unit.find_models()
    strong, weak = [], []
    for name in names:
        of_profile = get(name)
        if of_profile["models"] and not any([one in unit.models for one in of_profile["models"]]):
            continue
        said = yield from identity.compare(unit, of_profile["identities"])
        if said == identity.STRONG:
            strong.append(name)
        elif said == identity.WEAK or said == identity.UNKNOWN and of_profile["models"]:
            weak.append(name)
    return strong, weak
