# SPDX-License-Identifier: MIT
"""`python -m host_tools.measure.bench [SUBJECT ...]`: what design.md promises, measured beside what others
do.
"""
