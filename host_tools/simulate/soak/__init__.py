# SPDX-License-Identifier: MIT
"""The bridge for a day or weeks in virtual time on 32-bit MicroPython: does it hold what it held after the first hour?"""
