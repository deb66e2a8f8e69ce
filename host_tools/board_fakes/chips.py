"""Which GPIO of which chip can do what (data sheets; flash and PSRAM pins count as absent)."""

import host


def _numbers(text):
    numbers = bytearray()
    for part in text.split():
        first, _, last = part.partition("-")
        numbers.extend(bytes(range(int(first), int(last or first) + 1)))
    return bytes(numbers)


# chip: (all pins, inputs only, ADC block 1, UARTs)
_CHIPS = {
    "esp32": ("0-5 12-19 21-23 25-27 32-39", "34-39", "32-39", 3),
    "esp32s3": ("0-21 33-48", "", "1-10", 3),
    "esp32c3": ("0-10 18-21", "", "0-4", 2),
    "esp32c6": ("0-23", "", "0-6", 2),
}

_pins, _inputs, _adc, UARTS = _CHIPS[host.CHIP]
PINS = _numbers(_pins)
INPUTS = _numbers(_inputs)
ADC = _numbers(_adc)
