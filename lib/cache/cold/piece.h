/* SPDX-License-Identifier: MIT */
/*
 * piece.h - packed segments as pieces of a span: their rows are decoded when it
 * is known which of them are wanted.
 */
#ifndef BCI_COLD_PIECE_H
#define BCI_COLD_PIECE_H

#include "span.h"

/* Whether it is packed. */
static inline bool
bci_piece_is_packed(const struct bci_piece *piece)
{
	return piece->map != NULL && piece->locator.codec == BCI_FORM_PACKED;
}

/* Whether its rows cannot be looked at yet. */
static inline bool
bci_piece_is_closed(const struct bci_piece *piece)
{
	return BCI_UNLIKELY(piece->data == NULL);
}

/*
 * What is wrong with the header of a piece's segment, packed or not; with
 * BC_CHECK_NEVER only whether it is another one's.  NULL: nothing.
 */
const char *bci_piece_header(const struct bci_span *span,
                             const struct bci_piece *piece);

/* Whether it is, by the cheap check, the segment that the catalogue means. */
bool bci_piece_agrees(const struct bci_span *span,
                      const struct bci_piece *piece);

/* Take it from the hot tier, if it is there. */
void bci_piece_find(struct bci_span *span, struct bci_piece *piece);

/*
 * Check and decode all of a closed piece, for the hot tier, too.  BC_OK;
 * BC_MISS if it is damaged: then it is reported; BC_NOMEM.
 */
enum bc_status bci_piece_open(struct bci_span *span, struct bci_lane *lane,
                              struct bci_piece *piece);

/*
 * Decode rows [first, end) of a closed piece if they are few, and make it a
 * piece of these and perhaps some rows around them: *first is the first.  Where
 * they are not few it stays closed.  Returns as above.
 */
enum bc_status bci_piece_narrow(struct bci_span *span, struct bci_lane *lane,
                                struct bci_piece *piece, uint64_t *first,
                                uint64_t end);

/* The same for rows with times in [from_ns, to_ns). */
enum bc_status bci_piece_narrow_times(struct bci_span *span,
                                      struct bci_lane *lane,
                                      struct bci_piece *piece, int64_t from_ns,
                                      int64_t to_ns);

/* Make it a piece without rows that has only the dictionaries. */
enum bc_status bci_piece_open_words(struct bci_span *span,
                                    struct bci_lane *lane,
                                    struct bci_piece *piece);

/* Check all that is stored of a closed piece, as its reader wants it. */
enum bc_status bci_piece_check(struct bci_span *span,
                               const struct bci_piece *piece);

/*
 * Decode the shown columns of rows [first, first + count) of a closed piece,
 * which was checked, to row 'at' of a layout.
 */
enum bc_status bci_piece_decode(struct bci_span *span, struct bci_lane *lane,
                                struct bci_piece *piece, uint64_t first,
                                uint64_t count, unsigned char *to,
                                uint64_t layout_rows, uint64_t at);

#endif /* BCI_COLD_PIECE_H */
