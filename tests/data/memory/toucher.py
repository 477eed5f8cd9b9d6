"""Maps and touches memory as the lines of its input say, one answer a line. Run by the tests."""

import mmap
import os
import sys

PAGE = mmap.PAGESIZE
maps = []


def answer(words):
    match words:
        case ["pid"]:
            return os.getpid()
        case ["map", size]:
            area = mmap.mmap(-1, int(size), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            area.madvise(mmap.MADV_NOHUGEPAGE)
            maps.append(area)
        case ["shared", size]:
            maps.append(mmap.mmap(-1, int(size)))
        case ["touch", first, count]:
            area = maps[-1]
            for at in range(int(first) * PAGE, (int(first) + int(count)) * PAGE, PAGE):
                area[at] = 1
        case ["file", path]:
            with open(path, "rb") as file:
                maps.append(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))
        case ["read"]:
            area = maps[-1]
            for at in range(0, len(area), PAGE):
                area[at]
        case ["unmap"]:
            maps.pop().close()
        case ["name", name]:
            with open("/proc/self/comm", "w") as file:
                file.write(name)
    return "done"


for line in sys.stdin:
    print(answer(line.split()), flush=True)
