# SPDX-License-Identifier: MIT
"""Which reserve keeps the area that it made the heap grow by: figures seen on an emulated ESP32-C3 with 1.24.1."""

from gc_areas import BLOCK_BYTES, Heap, List

ESP32 = 56 * 1024
ESP32_C3 = 64 * 1024
IDF_BYTES = 110_000
USED_BYTES = 30_000  # at the time of the growth


def grown(first_bytes, words, held):
    """A heap that a list of so many words made grow, and the list once all but `held` were popped."""
    heap = Heap(first_bytes, IDF_BYTES)
    used = heap.alloc(USED_BYTES)
    reserve = List(heap, words)
    reserve.cut(12)
    while len(reserve) > held:
        reserve.pop()
    return heap, used, reserve


def test_first_areas_have_the_bytes_that_chips_show():
    assert Heap(ESP32, 0).pool_bytes() == 56_000
    assert Heap(ESP32_C3, 0).pool_bytes() == 64_000


def test_growth_doubles_the_heap_or_adds_what_is_asked_for():
    heap, _, _ = grown(ESP32_C3, 10_650, 1)
    assert heap.pool_bytes() == 64_000 + 63_936
    heap, _, _ = grown(ESP32, 20_000, 1)
    assert 80_000 <= heap.pool_bytes() - 56_000 < 82_000


def test_last_growth_takes_all_there_is():
    heap = Heap(ESP32, IDF_BYTES)
    for _ in range(2):
        heap.alloc(53_000)
    assert heap.idf_bytes > 50_000
    heap.alloc(10_000)
    assert heap.idf_bytes == 0


def test_list_in_one_block_loses_its_area_with_the_next_collection():
    for words in (9_050, 9_850):
        heap, used, reserve = grown(ESP32_C3, words, 1)
        assert heap.blocks_at(reserve.places[1]) == 1
        heap.collect([used] + reserve.places)
        assert heap.pool_bytes() == 64_000 and not heap.has(reserve.places[1])


def test_list_in_two_blocks_keeps_its_area():
    heap, used, reserve = grown(ESP32_C3, 10_650, 1)
    assert heap.blocks_at(reserve.places[1]) == 2
    heap.collect([used] + reserve.places)
    assert heap.pool_bytes() == 127_936 and heap.has(reserve.places[1])


def test_five_words_keep_an_area_of_any_size_on_any_chip():
    for first_bytes in (ESP32, ESP32_C3):
        for words in range(9_000, 20_000, 50):
            heap, used, reserve = grown(first_bytes, words, 5)
            before = heap.pool_bytes()
            heap.collect([used] + reserve.places)
            assert heap.pool_bytes() == before and len(heap.areas) == 2
            assert heap.has(reserve.places[1])


def test_request_that_fits_makes_nothing_grow():
    heap, _, reserve = grown(ESP32_C3, 8_000, 5)
    assert heap.pool_bytes() == 64_000
    assert reserve.places[1][1] * BLOCK_BYTES >= USED_BYTES
