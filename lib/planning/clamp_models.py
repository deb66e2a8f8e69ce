# SPDX-License-Identifier: MIT
"""What a clamp is, as integers for the hot path, from an entry of config.json and clamp_models.json.

clamp_models.json holds, by the model's name on the market: `amps`, the rated current; `turns` of a clamp without a
burden, or `amps_per_volt` of one with; `error_percent` as the data sheet states it.
"""

from planning.decimals import divided, scaled

_ADC_ERROR_PERMILLE = 30  # of an ESP32 with its factory calibration
_UNCALIBRATED_ERROR_PERMILLE = 100  # of an early one without
_UNKNOWN_ERROR_PERCENT = 3  # of a clamp without a model
_GAIN_PLACES = 2  # a microamp of 0.1 mV is 0.01 A/V
_LARGEST_GAIN = 65535  # clamp.rms.scaled_root


class ClampError(ValueError):
    """An entry that says too little or too much about its clamp."""


def scale(entry, models):
    """The attributes of a clamp.reading.Scale. `amps_per_volt` of the entry (calibrated by its owner) goes before `model`."""
    model = _model(entry, models)
    gain_ua = _gain_ua(entry, model)
    if not 0 < gain_ua <= _LARGEST_GAIN:
        raise ClampError("amps_per_volt must be between 0.01 and 655")
    error_permille, uncalibrated_permille = _errors_permille(entry, model)
    return {
        "gain_ua": gain_ua,
        "error_permille": error_permille,
        "uncalibrated_permille": uncalibrated_permille,
        "noise_square": _noise_square(entry.get("noise_floor_ma"), gain_ua),
        "nominal_dv": scaled(entry.get("voltage", 230), 1),
        "power_factor_permille": scaled(entry.get("power_factor", 1), 3),
    }


def _model(entry, models):
    name = entry.get("model")
    if name is None:
        return {}
    if name not in models:
        raise ClampError("model %s is not in clamp_models.json: give amps_per_volt" % name)
    return models[name]


def _gain_ua(entry, model):
    """Microamps of 0.1 mV."""
    amps_per_volt = entry.get("amps_per_volt") or model.get("amps_per_volt")
    if amps_per_volt:
        return scaled(amps_per_volt, _GAIN_PLACES)
    if "turns" not in model:
        raise ClampError("give model or amps_per_volt")
    if not entry.get("burden_ohm"):
        raise ClampError("model %s has no burden: give burden_ohm" % entry["model"])
    return divided(scaled(model["turns"], _GAIN_PLACES + 3), scaled(entry["burden_ohm"], 3))


def _errors_permille(entry, model):
    """Of a reading: by an ADC that is calibrated, and by one that is not. What the owner states holds for both."""
    stated = entry.get("error_percent")
    if stated is not None:
        return scaled(stated, 1), scaled(stated, 1)
    of_clamp = scaled(model.get("error_percent", _UNKNOWN_ERROR_PERCENT), 1)
    return of_clamp + _ADC_ERROR_PERMILLE, of_clamp + _UNCALIBRATED_ERROR_PERMILLE


def _noise_square(noise_floor_ma, gain_ua):
    """The calibrated noise floor squared, in tenths of a millivolt; None: found from the samples."""
    if noise_floor_ma is None:
        return None
    return divided((noise_floor_ma * 1000) ** 2, gain_ua**2)
