"""`python -m host_tools.bench [SUBJECT ...]`: what design.md promises, measured beside what others
do.
"""
