# SPDX-License-Identifier: MIT
"""Every key of a profile, as planning.schema writes tables. docs/formats/profile.md explains them, docs/profile.schema.json has the same; tests compare."""

TABLE = """
[]
vendor text needed 1 64
model text needed 1 64
variants list -
source list needed
alternatives list -
serial section -
limits section all
defaults section needed
invalid section all
sunspec section -
roles section needed
identity section all
choice section -
caveat text - 1 500

[limits]
registers_per_read whole - 4 125
pause_ms whole - 0 5000
timeout_ms whole - 20 15000
unit_max whole - 247 255
walls list -
holes list -

[defaults]
function one_of needed 3 4
type one_of needed u16 s16 m16 u32 s32 f32 u64 s64 f64
word_order one_of needed big little

[sunspec]
bases list needed

[choice]
function one_of needed 3 4
address word needed 0 65535
type one_of needed u16 u32
word_order one_of - big little
profiles section needed

[register]
label text - 1 80
source text - 1 160
model list -
function one_of - 3 4
address word needed 0 65535
high section -
type one_of - u16 s16 m16 u32 s32 f32 u64 s64 f64
word_order one_of - big little
absolute yes_no -
scale text needed 1 20
offset text - 1 20
positive one_of - import export charge discharge generation consumption
invalid list -
range list -
factors list -
exponent section -
direction section -

[high]
label text - 1 80
address word needed 0 65535

[factor]
label text - 1 80
function one_of - 3 4
address word needed 0 65535
type one_of needed u16 s16
scale text needed 1 20

[exponent]
label text - 1 80
function one_of - 3 4
address word needed 0 65535
type one_of needed s16

[direction]
label text - 1 80
function one_of - 3 4
address word needed 0 65535
type one_of needed u16
mask word - 1 65535
negative word needed 0 65535
positive word - 0 65535

[model_id]
function one_of needed 3 4
address word needed 0 65535
type one_of needed u16 u32 ascii
words whole - 1 16

[serial_number]
function one_of needed 3 4
address word needed 0 65535
type one_of needed u16 u32 u64
"""
