/* SPDX-License-Identifier: MIT */
/*
 * test_hash.c - published vectors of XXH3 and SHA-256: what is on a disk today
 * must have the same checksum for ever.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"

static void
to_hex(const unsigned char *bytes, size_t count, char *text)
{
	size_t i;

	for (i = 0; i < count; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static void
xxh3_64_has_its_published_values(void **state)
{
	(void)state;
	assert_true(bci_hash64("", 0) == 0x2d06800538d394c2u);
	assert_true(bci_hash64("a", 1) == 0xe6c632b61e964e1fu);
	assert_true(bci_hash64("abc", 3) == 0x78af5f94892f3950u);
}

static void
xxh3_128_has_its_published_values(void **state)
{
	unsigned char digest[16];
	char text[33];

	(void)state;
	bci_hash128("", 0, digest);
	to_hex(digest, 16, text);
	assert_string_equal(text, "99aa06d3014798d86001c324468d497f");
	bci_hash128("a", 1, digest);
	to_hex(digest, 16, text);
	assert_string_equal(text, "a96faf705af16834e6c632b61e964e1f");
	bci_hash128("abc", 3, digest);
	to_hex(digest, 16, text);
	assert_string_equal(text, "06b05ab6733a618578af5f94892f3950");
}

static void
sha_256_has_its_published_values(void **state)
{
	static const struct {
		const char *text, *digest;
	} cases[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb924"
		      "27ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223"
		         "b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039"
		  "a33ce45964ff2167f6ecedd419db06c1" },
	};
	unsigned char digest[32];
	char text[65], *million;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bci_sha256(cases[i].text, strlen(cases[i].text), digest);
		to_hex(digest, 32, text);
		assert_string_equal(text, cases[i].digest);
	}
	million = malloc(1000000);
	assert_non_null(million);
	memset(million, 'a', 1000000);
	bci_sha256(million, 1000000, digest);
	free(million);
	to_hex(digest, 32, text);
	assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67"
	                          "f1809a48a497200e046d39ccc7112cd0");
}

static void
a_flipped_bit_changes_every_checksum(void **state)
{
	unsigned char data[300], was[16], is[16];
	uint64_t before;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7);
	before = bci_hash64(data, sizeof(data));
	bci_hash128(data, sizeof(data), was);
	for (i = 0; i < 8 * sizeof(data); i++) {
		data[i / 8] ^= (unsigned char)(1u << i % 8);
		assert_true(bci_hash64(data, sizeof(data)) != before);
		bci_hash128(data, sizeof(data), is);
		assert_memory_not_equal(is, was, 16);
		data[i / 8] ^= (unsigned char)(1u << i % 8);
	}
}

static void
random_bytes_differ_from_call_to_call(void **state)
{
	unsigned char first[32] = { 0 }, second[32] = { 0 };

	(void)state;
	assert_true(bci_random(first, 16) && bci_random(second, 16));
	assert_memory_not_equal(first, second, 16);
	assert_memory_equal(first + 16, second + 16, 16); /* Not touched. */
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(xxh3_64_has_its_published_values),
		cmocka_unit_test(xxh3_128_has_its_published_values),
		cmocka_unit_test(sha_256_has_its_published_values),
		cmocka_unit_test(a_flipped_bit_changes_every_checksum),
		cmocka_unit_test(random_bytes_differ_from_call_to_call),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
