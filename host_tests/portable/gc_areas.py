# SPDX-License-Identifier: MIT
"""MicroPython's heap on a chip: areas of 16-byte blocks, and how they grow and are given back.

A model of py/gc.c with MICROPY_GC_SPLIT_HEAP_AUTO, alike in 1.24 to 1.29: gc_alloc takes the first gap that is wide enough, area by
area; gc_try_add_heap adds an area; gc_sweep gives one back, aside from the first, whose last used block is block 0 - whether block 0
is used or not. So whatever is to hold an area has to reach its block 1.
"""

BLOCK_BYTES = 16
_FREE, _HEAD, _TAIL = 0, 1, 2
_AREA_BYTES = 32  # mp_state_mem_area_t
_LIST_MIN_ALLOC = 4
_WORD_BYTES = 4


def _blocks(size):
    """gc_setup_area: how many blocks fit beside their tables, with finalisers."""
    return (size - 1) * 8 // (8 + 8 * 4 // 8 + 8 * 4 * BLOCK_BYTES) * 4


class Heap:
    """first_bytes: of the first area, such as 56 * 1024; idf_bytes: the largest free piece of ESP-IDF's memory.

    A place is (area, block); an area its table of blocks, which stays the same object while it is there.
    """

    def __init__(self, first_bytes, idf_bytes):
        self.areas = [bytearray(_blocks(first_bytes))]
        self.idf_bytes = idf_bytes

    def pool_bytes(self):
        return sum([len(area) for area in self.areas]) * BLOCK_BYTES

    def alloc(self, size):
        """The place of a new piece; MemoryError where it neither fits nor may the heap grow for it."""
        count = (size + BLOCK_BYTES - 1) // BLOCK_BYTES
        place = self._gap(count)
        if place is None:
            self._grow(size)
            place = self._gap(count)
        if place is None:
            raise MemoryError
        area, block = place
        area[block] = _HEAD
        for at in range(block + 1, block + count):
            area[at] = _TAIL
        return place

    def _gap(self, count):
        gap = bytes(count)
        for area in self.areas:
            block = area.find(gap)
            if block >= 0:
                return area, block
        return None

    def _grow(self, size):
        needed = size + max(2048, size * 13 // 512)
        if self.idf_bytes < needed:
            raise MemoryError
        blocks = self.pool_bytes() // BLOCK_BYTES
        double = blocks // 4 + blocks // 8 + blocks * BLOCK_BYTES + 1 + _AREA_BYTES
        double = (double + BLOCK_BYTES - 1) // BLOCK_BYTES * BLOCK_BYTES
        taken = min(self.idf_bytes, max(double, needed))
        self.idf_bytes -= taken
        # At worst an area's end is 12 bytes behind a multiple of 16.
        self.areas.append(bytearray(_blocks(taken - _AREA_BYTES - 12)))

    def blocks_at(self, place):
        area, block = place
        end = block + 1
        while end < len(area) and area[end] == _TAIL:
            end += 1
        return end - block

    def shrink(self, place, size):
        """gc_realloc to less: in place."""
        area, block = place
        count = (size + BLOCK_BYTES - 1) // BLOCK_BYTES
        for at in range(block + count, block + self.blocks_at(place)):
            area[at] = _FREE

    def collect(self, live):
        """Free all but these places; give back what gc_sweep gives back."""
        stay = []
        for area in self.areas:
            swept = bytearray(len(area))
            last_used = 0
            for place in live:
                if place[0] is area:
                    end = place[1] + self.blocks_at(place)
                    swept[place[1] : end] = area[place[1] : end]
                    last_used = max(last_used, end - 1)
            area[:] = swept
            if not stay or last_used:
                stay.append(area)
        self.areas = stay

    def has(self, place):
        """Whether the place still is the heap's, and not ESP-IDF's again."""
        return any([place[0] is area for area in self.areas])


class List:
    """`[None] * length` on such a heap, as py/objlist.c has it: places are of the list itself and of its items."""

    def __init__(self, heap, length):
        self._heap = heap
        self._length = length
        self._alloc = max(length, _LIST_MIN_ALLOC)
        self.places = [heap.alloc(BLOCK_BYTES), heap.alloc(self._alloc * _WORD_BYTES)]

    def __len__(self):
        return self._length

    def cut(self, length):
        """`del items[length:]`, which gives nothing back."""
        self._length = length

    def pop(self):
        self._length -= 1
        if self._alloc > _LIST_MIN_ALLOC and self._alloc > 2 * self._length:
            self._alloc //= 2
            self._heap.shrink(self.places[1], self._alloc * _WORD_BYTES)
