# SPDX-License-Identifier: MIT
"""The partition with the board's files. A board whose files are in a folder has one without littlefs, as one with FAT."""


class Blank:
    def readblocks(self, block, buffer, offset=0):
        for at in range(len(buffer)):
            buffer[at] = 255

    def ioctl(self, operation, argument):
        return {4: 2, 5: 4096}.get(operation, 0)


bdev = Blank()
