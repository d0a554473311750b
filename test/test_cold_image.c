/* SPDX-License-Identifier: MIT */
/*
 * test_cold_image.c - stored packed segments whose bytes were changed and whose
 * checksums were set right again: a reader refuses them or decodes some values,
 * and touches no byte that is not its own.  A size that is claimed is refused
 * before anybody asks for memory for it.
 */
#include "cold.h"

#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "pack/packing.h"
#include "pack/sign.h"
#include "packing.h"

#include "alloc.h"

#define KEY "a/b/c/1m"
#define SHAPES 6
#define WORDY 5 /* the one whose dictionaries are packed, too */

/* A packed image, and exactly the memory that what it holds takes. */
struct subject {
	struct image raw;
	struct cold_frame frame;
	struct bci_locator locator;
	unsigned char *image; /* ends where a page cannot be touched */
	unsigned char *good;  /* as it was written */
	uint64_t body_bytes;
	unsigned char *out, *part;
	void *work;
};

static unsigned char *
copy_guarded(const unsigned char *from, size_t bytes)
{
	/* Ends are at a guard page, so that images are aligned by 8. */
	unsigned char *copy = guarded_make(bytes);

	memcpy(copy, from, bytes);
	return copy;
}

static void
subject_make(struct subject *subject, uint64_t rows, uint64_t blob_bytes,
             bool wordy)
{
	struct bci_packing packing;
	struct bci_packed packed;
	struct bc_error err;
	unsigned char *blob;

	memset(subject, 0, sizeof(*subject));
	if (blob_bytes != 0) {
		blob = malloc(blob_bytes);
		assert_non_null(blob);
		for (uint64_t i = 0; i < blob_bytes; i++)
			blob[i] = (unsigned char)(test_mix(i / 9, 3) % 9);
		image_blob(&subject->raw, KEY, blob, blob_bytes);
		free(blob);
	} else {
		cold_frame_make(&subject->frame, rows, 5, START, rows);
		if (wordy)
			cold_frame_say_much(&subject->frame, rows);
		image_frame(&subject->raw, KEY, &subject->frame.frame);
	}
	assert_status(bci_packing_make(&bci_allocator_default,
	                               subject->raw.bytes,
	                               &subject->raw.locator,
	                               subject->raw.schema, &packing, &err),
	              BC_OK, &err);
	assert_non_null(packing.body);
	subject->locator = subject->raw.locator;
	subject->good = malloc(packing.plan.bytes);
	assert_non_null(subject->good);
	bci_packing_write(&packing, subject->raw.bytes, 3, subject->good,
	                  &subject->locator);
	bci_packing_free(&packing);
	subject->image = copy_guarded(subject->good, subject->locator.bytes);
	assert_null(bci_packed_open(subject->image, &subject->locator,
	                            subject->raw.schema, &packed));
	assert_int_equal(packed.text_packed, wordy);
	subject->body_bytes = bci_packed_body_bytes(&packed);
	subject->out = guarded_make(subject->body_bytes);
	subject->part = guarded_make(subject->body_bytes);
	subject->work = guarded_make(bci_pack_decode_work());
	assert_true(bci_packed_decode(&packed, subject->work, subject->out));
	assert_memory_equal(subject->out,
	                    subject->raw.bytes +
	                            subject->raw.locator.header_bytes,
	                    subject->body_bytes);
}

static void
subject_free(struct subject *subject)
{
	guarded_free(subject->image, subject->locator.bytes);
	guarded_free(subject->out, subject->body_bytes);
	guarded_free(subject->part, subject->body_bytes);
	guarded_free(subject->work, bci_pack_decode_work());
	free(subject->good);
	image_free(&subject->raw);
	if (subject->frame.time_ns != NULL)
		cold_frame_free(&subject->frame);
}

static void
shape_make(struct subject *subject, size_t shape)
{
	static const uint64_t rows[SHAPES] = { 300, 1024, 3000, 0, 0, 2000 };
	static const uint64_t bytes[SHAPES] = { 0, 0, 0, 5000, 140000, 0 };

	subject_make(subject, rows[shape], bytes[shape], shape == WORDY);
}

/* Set the checksums of the packed form right, wherever it claims to be. */
static void
subject_sign(struct subject *subject)
{
	unsigned char *body = subject->image + subject->locator.header_bytes;
	const uint64_t room =
		subject->locator.bytes - subject->locator.header_bytes;
	struct bci_packing_head head;
	uint64_t text;

	memcpy(&head, body, sizeof(head));
	if (head.pack_bytes < BCI_PACK_HEADER ||
	    head.pack_bytes > room - sizeof(head))
		return;
	sign_pack(body + sizeof(head), head.pack_bytes);
	text = bci_segment_text_bytes(subject->image);
	if (head.text_packed == 1 && text >= BCI_PACK_HEADER && text <= room)
		sign_pack(body + room - text, text);
}

/*
 * Read it as a reader does: opened, then decoded as a whole, in part, and its
 * dictionaries.  Memory is what the catalogue promised; more than that is
 * refused.  Returns whether it was opened.
 */
static bool
subject_read(struct subject *subject)
{
	const struct bc_schema *schema = subject->raw.schema;
	struct bci_packed packed;

	if (bci_packed_open(subject->image, &subject->locator, schema,
	                    &packed) != NULL)
		return false;
	/* Readers take so much memory: never more than is promised. */
	assert_true(bci_packed_body_bytes(&packed) <=
	            bci_locator_raw_bytes(&subject->locator));
	if (bci_packed_body_bytes(&packed) > subject->body_bytes)
		return true;
	for (unsigned trust = 0; trust < 2; trust++) {
		(void)bci_packed_decode(&packed, subject->work, subject->out);
		(void)bci_packed_decode_text(&packed, subject->work,
		                             subject->part);
		if (schema != NULL && packed.rows > 100)
			(void)bci_packed_decode_rows(
				&packed, schema, 40, 50, subject->work,
				subject->part, packed.rows, 7);
		bci_packed_trust(&packed);
	}
	return true;
}

static unsigned char *
subject_restore(struct subject *subject)
{
	memcpy(subject->image, subject->good, subject->locator.bytes);
	return subject->image + subject->locator.header_bytes;
}

/* ---- changes ----------------------------------------------------------- */

/* Every byte of head, header, plan and index, and of the first blocks. */
static void
any_byte_that_is_signed_does_no_harm(void **state)
{
	static const unsigned char changes[] = { 0x01, 0x80, 0xff, 0x10 };
	unsigned opened = 0, refused = 0;

	(void)state;
	for (size_t shape = 0; shape < SHAPES; shape++) {
		struct subject subject;
		size_t bytes;

		shape_make(&subject, shape);
		bytes = subject.locator.bytes - subject.locator.header_bytes;
		for (size_t at = 0; at < bytes; at += 1 + at / 2500) {
			unsigned char *body = subject_restore(&subject);

			body[at] ^= changes[at % 4];
			subject_sign(&subject);
			if (subject_read(&subject))
				opened++;
			else
				refused++;
		}
		subject_free(&subject);
	}
	assert_true(opened > 100 && refused > 50);
}

/* Several bytes at once, whatever they become. */
static void
random_bytes_that_are_signed_do_no_harm(void **state)
{
	unsigned opened = 0;

	(void)state;
	for (size_t shape = 0; shape < SHAPES; shape++) {
		struct subject subject;
		size_t bytes;

		shape_make(&subject, shape);
		bytes = subject.locator.bytes - subject.locator.header_bytes;
		for (uint64_t i = 0; i < 1500; i++) {
			unsigned char *body = subject_restore(&subject);
			uint64_t count = 1 + test_mix(i, shape) % 6;
			/* Most of them where sizes and forms are. */
			size_t reach = i % 3 == 0 || bytes < 700 ? bytes : 700;

			for (uint64_t k = 0; k < count; k++) {
				uint64_t mixed = test_mix(i * 8 + k, shape + 9);

				body[mixed % reach] =
					(unsigned char)(mixed >> 40);
			}
			subject_sign(&subject);
			opened += subject_read(&subject);
		}
		subject_free(&subject);
	}
	assert_true(opened > 100);
}

/* Claims of more than the catalogue promises are refused as they are read. */
static void
no_claim_of_a_size_is_believed(void **state)
{
	static const uint64_t claims[] = {
		UINT64_MAX,      UINT64_C(1) << 63,       UINT64_C(1) << 40,
		BCI_SEGMENT_MAX, (UINT64_C(1) << 31) + 8, UINT64_C(1) << 28,
	};

	(void)state;
	for (size_t shape = 0; shape < SHAPES; shape++) {
		struct subject subject;

		shape_make(&subject, shape);
		for (size_t i = 0; i < sizeof(claims) / sizeof(*claims); i++) {
			/* Unpacked bytes of columns, of texts, and rows. */
			static const size_t places[] = {
				16, 24, sizeof(struct bci_packing_head) + 8
			};

			for (size_t k = 0; k < 3; k++) {
				unsigned char *body = subject_restore(&subject);

				memcpy(body + places[k], &claims[i], 8);
				subject_sign(&subject);
				assert_false(subject_read(&subject));
			}
		}
		subject_free(&subject);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_byte_that_is_signed_does_no_harm),
		cmocka_unit_test(random_bytes_that_are_signed_do_no_harm),
		cmocka_unit_test(no_claim_of_a_size_is_believed),
	};

	return cmocka_run_group_tests_name("cold_image", tests, NULL, NULL);
}
