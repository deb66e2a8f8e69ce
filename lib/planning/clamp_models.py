"""What a clamp is, as integers for the hot path: made once at boot from an entry of config.json
and models.json.

models.json holds, by the maker's name: `amps`, the rated current; `turns` of a clamp without a
burden, or `amps_per_volt` of one with; `error_percent` as the data sheet states it.
"""

from const import const

_ADC_ERROR_PERMILLE = const(30)  # of an ESP32 with nothing but its factory calibration
_BARE_ERROR_PERMILLE = const(100)  # of an early one without that
_UNKNOWN_ERROR_PERCENT = const(3)  # of a clamp without a model
_MICROAMPS = const(100)  # of one A/V at 0.1 mV
_LARGEST_GAIN = const(65535)  # clamp.rms.scaled_root


class ClampError(ValueError):
    """An entry that says too little or too much about its clamp."""


class Scale:
    """gain_ua: microamps of 0.1 mV · error_permille of the reading · noise_square: that of the calibrated noise
    floor, in tenths of a millivolt; None: found from the samples.
    """

    def __init__(
        self, amps_per_volt, error_percent=None, model_error_percent=_UNKNOWN_ERROR_PERCENT
    ):
        self.gain_ua = round(amps_per_volt * _MICROAMPS)
        if not 0 < self.gain_ua <= _LARGEST_GAIN:
            raise ClampError("amps_per_volt must be between 0.01 and 655")
        if error_percent is None:
            self.error_permille = round(model_error_percent * 10) + _ADC_ERROR_PERMILLE
        else:
            self.error_permille = round(error_percent * 10)
        self.noise_square = None
        self.nominal_dv = 2300
        self.power_factor_permille = 1000


def scale(entry, models, factory_calibrated=True):
    """Scale of a device entry: `amps_per_volt` (a calibrated figure) goes before `model`. factory_calibrated: the ADC."""
    model = _model(entry, models)
    amps_per_volt = entry.get("amps_per_volt") or _of_model(model, entry)
    made = Scale(
        amps_per_volt,
        entry.get("error_percent"),
        model.get("error_percent", _UNKNOWN_ERROR_PERCENT),
    )
    if not factory_calibrated and entry.get("error_percent") is None:
        made.error_permille += _BARE_ERROR_PERMILLE - _ADC_ERROR_PERMILLE
    if entry.get("noise_floor_ma") is not None:
        made.noise_square = round((entry["noise_floor_ma"] * 1000 / made.gain_ua) ** 2)
    made.nominal_dv = round(entry.get("voltage", 230) * 10)
    made.power_factor_permille = round(entry.get("power_factor", 1) * 1000)
    return made


def _model(entry, models):
    name = entry.get("model")
    if name is None:
        return {}
    if name not in models:
        raise ClampError("model %s is not in models.json: give amps_per_volt" % name)
    return models[name]


def _of_model(model, entry):
    if "amps_per_volt" in model:
        return model["amps_per_volt"]
    if "turns" not in model:
        raise ClampError("give model or amps_per_volt")
    if not entry.get("burden_ohm"):
        raise ClampError("model %s has no burden: give burden_ohm" % entry["model"])
    return model["turns"] / entry["burden_ohm"]
