"""Which profile fits a unit on an RS485 line: by what identifies a model, and by values that can only be right by right.

    recognise(read, profiles) -> [Candidate], best first

`read(function, address, count)` returns the registers as numbers, None where the unit refuses, or raises Silence.
Decoding is the firmware's own. What a profile cannot know, no profile is guessed for: see verdict().
"""

from dataclasses import dataclass, field

from planning import profile as profiles_of_lib

_IDENTITY = 8
_VOLTS = 2
_HERTZ = 3
_SUM = 3
_SOC = 1
_ENOUGH = 5  # without an identity: volts and hertz, or volts of three phases
_MARGIN = 2

# In base units: 0.1 V, mHz, W, 0.1 %.
_VOLTS_DV = (1000, 2900)
_HERTZ_MHZ = ((49000, 51000), (59000, 61000))
_SUM_TOLERANCE_W = 30
_SUM_TOLERANCE_PERCENT = 5
_SUM_TRIES = 3  # the values are read one after the other
_PHASES = ("l1", "l2", "l3")

_SUNSPEC_MARKER = [0x5375, 0x6E53]
_SUNSPEC_MODELS = 30
_SUNSPEC_END = 0xFFFF


class Silence(Exception):
    """The unit does not answer."""


@dataclass
class Candidate:
    name: str
    profile: dict
    score: int = 0
    identified: bool = False
    evidence: list = field(default_factory=list)
    serial: int = None

    def count(self, points, words):
        self.score += points
        self.evidence.append(words)


class Memory:
    """Remembers what was read: many profiles want the same registers."""

    def __init__(self, read):
        self._read = read
        self._known = {}

    def words(self, function, address, count, again=False):
        key = function, address, count
        if again or key not in self._known:
            self._known[key] = self._read(function, address, count)
        return self._known[key]

    def value(self, spec, profile, again=False):
        """The value of a register in base units, or None. Its helpers (ratios, exponent, sign) are read with it."""
        register = profiles_of_lib.register(spec, profile)
        for part in [*register.helpers(), register]:
            words = self.words(part.function, part.address, part.kind & 0x0F, again)
            if words is None:
                return None
            data = b"".join(word.to_bytes(2, "big") for word in words)
            part.read(data, 0, 0)
        return register.value

    def total(self, specs, profile, again=False):
        """Of a quantity that is one register or the sum of some."""
        specs = specs if isinstance(specs, list) else [specs]
        values = [self.value(spec, profile, again) for spec in specs]
        return None if None in values else sum(values)


def recognise(read, profiles, progress=lambda done, count: None):
    """[Candidate] of the profiles ({name: profile}) that nothing speaks against, best first."""
    memory = Memory(read)
    found = []
    for done, (name, profile) in enumerate(profiles.items()):
        progress(done, len(profiles))
        if "sunspec" not in profile:
            candidate = examine(memory, name, profile)
            if candidate:
                found.append(candidate)
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.name))


def examine(memory, name, profile):
    """A Candidate, or None if something speaks against this profile or nothing for it."""
    candidate = Candidate(name, profile)
    if not _identity(memory, candidate):
        return None
    role = main_role(profile)
    checks = (_volts, _hertz, _power, _soc)
    if not all(check(memory, candidate, role) for check in checks):
        return None
    return candidate if candidate.score else None


def main_role(profile):
    """The quantities of the role that knows most."""
    return max((role for role in profile["roles"].values() if isinstance(role, dict)), key=len)


def _identity(memory, candidate):
    """Whether the model's own register says nothing else."""
    for what, spec in candidate.profile.get("identity", {}).items():
        value = memory.value(spec, candidate.profile)
        if "equals" in spec:
            wanted = spec["equals"] if isinstance(spec["equals"], list) else [spec["equals"]]
            if value not in wanted:
                return False
            candidate.identified = True
            candidate.count(_IDENTITY, f"its register {spec['address']} names the model")
        elif what == "serial" and value:
            candidate.serial = value
    return True


def _volts(memory, candidate, role):
    if "voltage_l1" not in role:
        return True
    for phase in _PHASES:
        spec = role.get(f"voltage_{phase}")
        if spec is None:
            continue
        value = memory.total(spec, candidate.profile)
        if value == 0 and phase != "l1":
            continue  # not connected
        if value is None or not _VOLTS_DV[0] <= value <= _VOLTS_DV[1]:
            return False
        candidate.count(_VOLTS, f"{value / 10:.1f} V on {phase.upper()}")
    return True


def _hertz(memory, candidate, role):
    if "frequency" not in role:
        return True
    value = memory.total(role["frequency"], candidate.profile)
    if value is None or not any(low <= value <= high for low, high in _HERTZ_MHZ):
        return False
    candidate.count(_HERTZ, f"{value / 1000:.2f} Hz")
    return True


def _power(memory, candidate, role):
    """The sum of the phases is the total."""
    if "power" not in role:
        return True
    names = [f"power_{phase}" for phase in _PHASES if f"power_{phase}" in role]
    for attempt in range(_SUM_TRIES):
        total = memory.total(role["power"], candidate.profile, attempt > 0)
        if total is None:
            return False
        if len(names) < 3:
            return True
        phases = [memory.total(role[name], candidate.profile, attempt > 0) for name in names]
        if None in phases:
            return False
        tolerance_w = max(_SUM_TOLERANCE_W, abs(total) * _SUM_TOLERANCE_PERCENT // 100)
        if abs(sum(phases) - total) <= tolerance_w:
            if any(phases):  # zeros prove nothing
                candidate.count(_SUM, f"the phases add up to {total} W")
            return True
    return False


def _soc(memory, candidate, role):
    batteries = candidate.profile["roles"].get("batteries")
    if not isinstance(batteries, dict) or "soc" not in batteries:
        return True
    value = memory.total(batteries["soc"], candidate.profile)
    if value is not None and 10 <= value <= 1000:
        candidate.count(_SOC, f"state of charge {value / 10:g} %")
    return value is None or 0 <= value <= 1000  # a hybrid may have no battery


def verdict(candidates):
    """(confidence, [Candidate]): "sure" or "likely" with one, "ambiguous" with those that cannot be told apart, "none"."""
    best = [c for c in candidates if c.identified or c.score >= _ENOUGH]
    if not best:
        return "none", []
    rivals = [c for c in best if c.score > best[0].score - _MARGIN]
    rivals = [c for c in rivals if c.identified] or rivals
    if len(rivals) > 1:
        return "ambiguous", rivals
    return ("sure" if best[0].identified else "likely"), rivals


def sunspec_models(read):
    """The numbers of the SunSpec models that a unit has; empty if it does not speak SunSpec."""
    for base in (40000, 50000, 0):
        if read(3, base, 2) == _SUNSPEC_MARKER:
            return list(_chain(read, base + 2))
    return []


def _chain(read, address):
    for _ in range(_SUNSPEC_MODELS):
        head = read(3, address, 2)
        if head is None or head[0] == _SUNSPEC_END:
            return
        yield head[0]
        address += 2 + head[1]


def sunspec_profiles(models, profiles):
    """Names of the profiles that read one of these models."""
    return [
        name
        for name, profile in profiles.items()
        if "sunspec" in profile and set(models) & set(_models_of(profile))
    ]


def _models_of(profile):
    for role in profile["roles"].values():
        for specs in role.values() if isinstance(role, dict) else ():
            for spec in specs if isinstance(specs, list) else [specs]:
                yield from spec.get("model", ())
