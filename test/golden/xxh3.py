# SPDX-License-Identifier: MIT
"""XXH3 with seed 0 and the default secret, 64 and 128 bits.

Slow, without any library, so that the checksums of the stored format are
checked by something else than what wrote them.
"""
import struct

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")
MASK = (1 << 64) - 1
P32 = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
P64 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
       0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
MX1, MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25


def r32(data, at=0):
    return int.from_bytes(data[at:at + 4], "little")


def r64(data, at=0):
    return int.from_bytes(data[at:at + 8], "little")


def key(low, high):
    return r64(SECRET, low) ^ r64(SECRET, high)


def swap64(x):
    return int.from_bytes(x.to_bytes(8, "little"), "big")


def rotate(x, count):
    return (x << count | x >> (64 - count)) & MASK


def fold(a, b):
    product = a * b
    return (product ^ product >> 64) & MASK


def avalanche(x):
    x = (x ^ x >> 37) * MX1 & MASK
    return x ^ x >> 32


def avalanche_xxh64(x):
    x = (x ^ x >> 33) * P64[1] & MASK
    x = (x ^ x >> 29) * P64[2] & MASK
    return x ^ x >> 32


def mix16(data, at, secret):
    return fold(r64(data, at) ^ r64(SECRET, secret),
                r64(data, at + 8) ^ r64(SECRET, secret + 8))


def long_sums(data):
    """The eight sums over an input of more than 240 bytes."""
    sums = [P32[2], P64[0], P64[1], P64[2], P64[3], P32[1], P64[4], P32[0]]
    keys = [struct.unpack_from("<8Q", SECRET, 8 * i) for i in range(16)]
    stripes = (len(data) - 1) // 64
    steps = [(64 * i, keys[i % 16]) for i in range(stripes)]
    steps.append((len(data) - 64, struct.unpack_from("<8Q", SECRET, 121)))
    scramble = struct.unpack_from("<8Q", SECRET, 128)
    for number, (at, secret) in enumerate(steps, 1):
        for i, value in enumerate(struct.unpack_from("<8Q", data, at)):
            mixed = value ^ secret[i]
            sums[i ^ 1] += value
            sums[i] += (mixed & 0xffffffff) * (mixed >> 32)
        sums = [x & MASK for x in sums]
        if number % 16 == 0 and number <= stripes:
            sums = [(x ^ x >> 47 ^ k) * P32[0] & MASK
                    for x, k in zip(sums, scramble)]
    return sums


def merge(sums, secret, start):
    for i in range(4):
        start += fold(sums[2 * i] ^ r64(SECRET, secret + 16 * i),
                      sums[2 * i + 1] ^ r64(SECRET, secret + 16 * i + 8))
    return avalanche(start & MASK)


def xxh3_64(data):
    size = len(data)
    if size == 0:
        return avalanche_xxh64(key(56, 64))
    if size <= 3:
        word = data[0] << 16 | data[size >> 1] << 24 | data[-1] | size << 8
        return avalanche_xxh64(word ^ r32(SECRET) ^ r32(SECRET, 4))
    if size <= 8:
        x = r32(data, size - 4) + (r32(data) << 32) ^ key(8, 16)
        x ^= rotate(x, 49) ^ rotate(x, 24)
        x = x * MX2 & MASK
        x = (x ^ (x >> 35) + size) * MX2 & MASK
        return x ^ x >> 28
    if size <= 16:
        low, high = r64(data) ^ key(24, 32), r64(data, size - 8) ^ key(40, 48)
        return avalanche(size + swap64(low) + high + fold(low, high) & MASK)
    total = size * P64[0]
    if size <= 128:
        for i in range((size - 1) // 32 + 1):
            total += mix16(data, 16 * i, 32 * i)
            total += mix16(data, size - 16 * (i + 1), 32 * i + 16)
        return avalanche(total & MASK)
    if size <= 240:
        total += sum(mix16(data, 16 * i, 16 * i) for i in range(8))
        total = avalanche(total & MASK)
        total += sum(mix16(data, 16 * i, 16 * i - 125)
                     for i in range(8, size // 16))
        return avalanche(total + mix16(data, size - 16, 119) & MASK)
    return merge(long_sums(data), 11, total)


def mix32(low, high, data, first, second, secret):
    low = low + mix16(data, first, secret) & MASK
    low ^= r64(data, second) + r64(data, second + 8) & MASK
    high = high + mix16(data, second, secret + 16) & MASK
    high ^= r64(data, first) + r64(data, first + 8) & MASK
    return low, high


def short_128(data):
    """Up to 16 bytes, but not 1 to 3: nothing stored has such a length."""
    size = len(data)
    if size == 0:
        return avalanche_xxh64(key(64, 72)), avalanche_xxh64(key(80, 88))
    if size <= 8:
        x = r32(data) + (r32(data, size - 4) << 32) ^ key(16, 24)
        x *= P64[0] + (size << 2)
        low, high = x & MASK, x >> 64
        high = high + (low << 1) & MASK
        low ^= high >> 3
        low = (low ^ low >> 35) * MX2 & MASK
        return low ^ low >> 28, avalanche(high)
    low, high = r64(data), r64(data, size - 8)
    x = (low ^ high ^ key(32, 40)) * P64[0]
    low = (x & MASK) + (size - 1 << 54) & MASK
    high ^= key(48, 56)
    high = (x >> 64) + high + (high & 0xffffffff) * (P32[1] - 1) & MASK
    x = (low ^ swap64(high)) * P64[1]
    return avalanche(x & MASK), avalanche((x >> 64) + high * P64[1] & MASK)


def xxh3_128(data):
    """In canonical form: 16 bytes, the high half first."""
    size = len(data)
    if size <= 16:
        low, high = short_128(data)
    elif size <= 240:
        low, high = size * P64[0] & MASK, 0
        if size <= 128:
            for i in reversed(range((size - 1) // 32 + 1)):
                low, high = mix32(low, high, data, 16 * i,
                                  size - 16 * (i + 1), 32 * i)
        else:
            for i in range(0, 128, 32):
                low, high = mix32(low, high, data, i, i + 16, i)
            low, high = avalanche(low), avalanche(high)
            for i in range(128, size - 31, 32):
                low, high = mix32(low, high, data, i, i + 16, i - 125)
            low, high = mix32(low, high, data, size - 16, size - 32, 103)
        high, low = (low * P64[0] + high * P64[3] + size * P64[1] & MASK,
                     low + high & MASK)
        low, high = avalanche(low), -avalanche(high) & MASK
    else:
        sums = long_sums(data)
        low = merge(sums, 11, size * P64[0] & MASK)
        high = merge(sums, 117, ~(size * P64[1]) & MASK)
    return high.to_bytes(8, "big") + low.to_bytes(8, "big")
